import type { Socket } from 'node:net'
import { PilotiError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { abort } from '../net/abort.ts'
import { dial } from '../net/dial.ts'
import { Inlet } from '../net/inlet.ts'
import { Relay, type RelayEnd, type RelayObserver, type RelayOptions } from '../net/relay.ts'
import { Sweep } from '../net/sweep.ts'
import { attempt } from '../pool/attempt.ts'
import type { Lease } from '../pool/lease.ts'
import type { Pool } from '../pool/pool.ts'
import type { Forwarding } from './forwarding.ts'
import { Outage } from './outage.ts'
import { outcomeOf } from './outcomes.ts'

export interface TcpOptions {
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly retriesMax: number
}

/** Mode `tcp`: a connection goes to one backend and stays there. A lease lasts the connection. */
export function forwardTcp(pool: Pool, log: Log, options: TcpOptions): Forwarding {
  const { connectTimeoutMs, idleTimeoutMs, retriesMax } = options
  const sweep = new Sweep()
  const relayOptions = {
    sweep,
    idleTimeoutMs,
    halfClosedTimeoutMs: idleTimeoutMs,
  }
  const outage = new Outage(log)
  const connections = new Set<Connection>()
  const onRetry = (error: PilotiError): void => log.debug('retry', error.message)

  async function serve(client: Socket): Promise<void> {
    const connection = new Connection(client, relayOptions, connections)
    const connect = (lease: Lease): Promise<void> => connection.dial(lease, connectTimeoutMs, sweep)
    try {
      const key = pool.usesKey ? (client.remoteAddress ?? '') : ''
      await attempt(pool, key, connect, { retriesMax, onRetry })
      outage.over()
    } catch (error) {
      connection.giveUp()
      if (!(error instanceof PilotiError)) throw error
      outage.refuse(error)
    }
  }

  return {
    serve: (client) => void serve(client),
    get active() {
      return connections.size
    },
    view: () => ({}),
    // Whether a byte stream waits for more work cannot be seen from outside.
    drain: () => {},
    abort: () => {
      for (const connection of connections) connection.abort()
    },
  }
}

/** Large reads are what makes a long transfer cheap: a third of the CPU of Node's usual 64 KB. */
const longReadBytes = 256 * 1_024

/** One client's connection, from its acceptance until its sockets are closed. */
class Connection implements RelayObserver {
  readonly #client: Socket
  readonly #inlet = new Inlet(longReadBytes)
  readonly #relay: Relay
  readonly #all: Set<Connection>
  #lease: Lease | undefined
  #dialledMs = 0

  constructor(client: Socket, options: RelayOptions, all: Set<Connection>) {
    this.#client = client
    this.#relay = new Relay(client, this.#inlet, this, options)
    this.#all = all
    all.add(this)
  }

  /** Connects to the leased backend and begins to relay. @throws PilotiError when that fails. */
  async dial(lease: Lease, connectTimeoutMs: number, sweep: Sweep): Promise<void> {
    this.#dialledMs = performance.now()
    const { onread } = this.#inlet
    const backend = await dial(lease.backend.address, { connectTimeoutMs, onread, sweep })
    lease.connected()
    if (this.#client.destroyed) {
      lease.release('aborted')
      abort(backend)
      this.#all.delete(this)
      return
    }
    this.#lease = lease
    this.#relay.start(backend)
  }

  giveUp(): void {
    abort(this.#client)
    this.#all.delete(this)
  }

  abort(): void {
    if (this.#lease === undefined) abort(this.#client)
    else this.#relay.abort('forced')
  }

  sent(bytes: number): void {
    this.#lease!.sent(bytes)
  }

  received(bytes: number): void {
    const lease = this.#lease!
    if (!lease.isAnswered) lease.answered(performance.now() - this.#dialledMs)
    lease.received(bytes)
  }

  ended(how: RelayEnd): void {
    const lifeMs = performance.now() - this.#dialledMs
    this.#lease!.release(outcomeOf[how], lifeMs, how)
  }

  closed(): void {
    this.#all.delete(this)
  }
}
