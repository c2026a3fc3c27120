import type { Socket } from 'node:net'
import type { PilotiError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { Slots } from '../base/slots.ts'
import { abort } from '../net/abort.ts'
import { type DialOptions, dialThen } from '../net/dial.ts'
import { Inlet } from '../net/inlet.ts'
import { Relay, type RelayEnd, type RelayObserver, type RelayOptions } from '../net/relay.ts'
import { Sweep } from '../net/sweep.ts'
import { attemptEach, type Work } from '../pool/attempt.ts'
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
  const connections: Connections = new Slots('slot')
  const onRetry = (error: PilotiError): void => log.debug('retry', error.message)

  return {
    serve(client) {
      const connection = new Connection(client, relayOptions, connections)
      const key = pool.usesKey ? (client.remoteAddress ?? '') : ''
      const connect: Work = (lease, fail) =>
        connection.dial(lease, { sweep, connectTimeoutMs }, () => outage.over(), fail)
      const giveUp = (error: PilotiError): void => {
        connection.giveUp()
        outage.refuse(error)
      }
      attemptEach(pool, key, connect, giveUp, { retriesMax, onRetry })
    },
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

/** Large reads are what makes a long transfer cheap (bench/results/tcp.md). */
const longReadBytes = 1_024 * 1_024

type Connections = Slots<'slot', Connection>

/** One client's connection, from its acceptance until its sockets are closed. */
class Connection implements RelayObserver {
  readonly #client: Socket
  readonly #inlet = new Inlet(longReadBytes)
  readonly #relay: Relay
  readonly #all: Connections
  slot = -1
  #lease: Lease | undefined
  #dialledMs = 0

  constructor(client: Socket, options: RelayOptions, all: Connections) {
    this.#client = client
    this.#relay = new Relay(client, this.#inlet, this, options)
    this.#all = all
    all.add(this)
  }

  /** Connects to the leased backend and begins to relay. */
  dial(
    lease: Lease,
    options: Omit<DialOptions, 'onread'>,
    done: () => void,
    fail: (error: PilotiError) => void,
  ): void {
    this.#dialledMs = performance.now()
    const { onread } = this.#inlet
    const connected = (backend: Socket): void => {
      this.#start(lease, backend)
      done()
    }
    const failed = (error: PilotiError): void => {
      if (!this.#client.destroyed) return fail(error)
      // Nobody waits any more, so there is no point in another try.
      lease.release(error.kind.side === 'backend' ? 'failed' : 'aborted', undefined, error.message)
      this.#all.delete(this)
    }
    dialThen(lease.backend.address, { ...options, onread }, connected, failed)
  }

  #start(lease: Lease, backend: Socket): void {
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
    const lease = this.#lease!
    const lifeMs = lease.isAnswered ? undefined : performance.now() - this.#dialledMs
    lease.release(outcomeOf[how], lifeMs, how)
  }

  closed(): void {
    this.#all.delete(this)
  }
}
