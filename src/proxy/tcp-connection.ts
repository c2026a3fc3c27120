import type { Socket } from 'node:net'
import type { PilotiError } from '../base/errors.ts'
import type { Slots } from '../base/slots.ts'
import { abort } from '../net/abort.ts'
import { type DialOptions, dialThen } from '../net/dial.ts'
import { Inlet } from '../net/inlet.ts'
import { Relay, type RelayEnd, type RelayObserver, type RelayOptions } from '../net/relay.ts'
import type { Lease } from '../pool/lease.ts'
import { outcomeOf } from './outcomes.ts'
import { hasLeft, QueuedClient } from './tcp-queue.ts'

/** Large reads are what makes a long transfer cheap (bench/results/tcp.md). */
const longReadBytes = 1_024 * 1_024
/** A backend that ends this soon without a word never served. What forwards ports for a dead server does so. */
const atOnceMs = 1_000

export type TcpConnections = Slots<'slot', TcpConnection>

/** One client's connection, from its acceptance until its sockets are closed. */
export class TcpConnection implements RelayObserver {
  readonly #client: Socket
  readonly #inlet = new Inlet(longReadBytes)
  readonly #relay: Relay
  readonly #options: RelayOptions
  readonly #all: TcpConnections
  slot = -1
  #queued: QueuedClient | undefined
  #lease: Lease | undefined
  #dialledMs = 0
  #isRefused = false

  constructor(client: Socket, options: RelayOptions, all: TcpConnections) {
    this.#client = client
    this.#relay = new Relay(client, this.#inlet, this, options)
    this.#options = options
    this.#all = all
    all.add(this)
  }

  /**
   * Waits in line for a backend.
   *
   * @param withinMs how long; 0 is no limit.
   * @param leave called when it waits no longer: it is late, or the client has left.
   */
  wait(withinMs: number, leave: (isLate: boolean) => void): void {
    this.#queued = new QueuedClient(this.#client, this.#options.sweep, withinMs, (isLate) => {
      this.#queued = undefined
      leave(isLate)
    })
  }

  /** Connects to the leased backend and begins to relay. */
  dial(
    lease: Lease,
    options: Omit<DialOptions, 'onread'>,
    done: () => void,
    fail: (error: PilotiError) => void,
  ): void {
    if (this.#queued !== undefined && this.#hasLeftQueue()) {
      lease.release('aborted')
      this.giveUp()
      return
    }
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

  giveUp(): void {
    abort(this.#client)
    this.#all.delete(this)
  }

  abort(): void {
    if (this.#lease !== undefined) this.#relay.abort('forced')
    else abort(this.#client)
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
    if (this.#isRefused) lease.release('failed', undefined, 'ended at once, without a word')
    else lease.release(outcomeOf[how], lifeMs, how)
  }

  closed(): void {
    this.#all.delete(this)
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
    const connectedMs = performance.now()
    backend.once('end', () => {
      const isSilent = !lease.isAnswered && !this.#client.readableEnded
      this.#isRefused = isSilent && performance.now() - connectedMs < atOnceMs
    })
    this.#relay.start(backend)
  }

  #hasLeftQueue(): boolean {
    this.#queued!.end()
    this.#queued = undefined
    return hasLeft(this.#client)
  }
}
