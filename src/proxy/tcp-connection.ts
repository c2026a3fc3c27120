import type { Socket } from 'node:net'
import type { PilotiError } from '../base/errors.ts'
import type { Slots } from '../base/slots.ts'
import { abort } from '../net/abort.ts'
import { type DialOptions, dialThen } from '../net/dial.ts'
import { Inlet } from '../net/inlet.ts'
import { Relay, type RelayEnd, type RelayObserver, type RelayOptions } from '../net/relay.ts'
import type { Lease } from '../pool/lease.ts'
import { relayEnds } from './notes.ts'
import { outcomeOf } from './outcomes.ts'
import { hasLeft, QueuedClient } from './tcp-queue.ts'
import type { TcpRecord } from './tcp-record.ts'

/** Large reads are what makes a long transfer cheap (bench/results/tcp.md). */
const longReadBytes = 1_024 * 1_024
/** A backend that ends this soon without a word never served. What forwards ports for a dead server does so. */
const atOnceMs = 1_000
const silence = 'ended at once, without a word'

export type TcpConnections = Slots<'slot', TcpConnection>

/** One client's connection, from its acceptance until its sockets are closed. */
export class TcpConnection implements RelayObserver {
  readonly #client: Socket
  readonly #record: TcpRecord
  readonly #inlet = new Inlet(longReadBytes)
  readonly #relay: Relay
  readonly #options: RelayOptions
  readonly #all: TcpConnections
  slot = -1
  #queued: QueuedClient | undefined
  #lease: Lease | undefined
  #dialledMs = 0
  #isRefused = false

  constructor(record: TcpRecord, options: RelayOptions, all: TcpConnections) {
    this.#client = record.client
    this.#record = record
    this.#relay = new Relay(record.client, this.#inlet, this, options)
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
    this.#record.waits()
    this.#queued = new QueuedClient(this.#client, this.#options.sweep, withinMs, (isLate) => {
      this.#queued = undefined
      this.#record.waited()
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
      this.giveUp('client_gone')
      return
    }
    this.#dialledMs = performance.now()
    this.#record.dials(lease.backend, this.#dialledMs)
    const { onread } = this.#inlet
    const connected = (backend: Socket): void => {
      this.#start(lease, backend)
      done()
    }
    const failed = (error: PilotiError): void => {
      this.#record.failed(error.message)
      if (!this.#client.destroyed) return fail(error)
      // Nobody waits any more, so there is no point in another try.
      lease.release(error.kind.side === 'backend' ? 'failed' : 'aborted', undefined, error.message)
      this.#record.ended('client_gone')
      this.#all.delete(this)
    }
    dialThen(lease.backend.address, { ...options, onread }, connected, failed)
  }

  /** @param how it ends, for the access log */
  giveUp(how: string): void {
    this.#record.ended(how)
    abort(this.#client)
    this.#all.delete(this)
  }

  abort(): void {
    if (this.#lease !== undefined) this.#relay.abort('forced')
    else abort(this.#client)
  }

  sent(bytes: number): void {
    this.#lease!.sent(bytes)
    this.#record.requestBytes += bytes
  }

  received(bytes: number): void {
    const lease = this.#lease!
    if (!lease.isAnswered) {
      const nowMs = performance.now()
      lease.answered(nowMs - this.#dialledMs)
      this.#record.answered(nowMs)
    }
    lease.received(bytes)
    this.#record.responseBytes += bytes
  }

  ended(how: RelayEnd): void {
    const lease = this.#lease!
    const lifeMs = lease.isAnswered ? undefined : performance.now() - this.#dialledMs
    // Before the lease is released: that may take the backend out, and what is told is what was picked among.
    if (this.#isRefused) this.#record.ended('backend_silent', silence)
    else this.#record.ended(relayEnds[how], how === 'backend' ? 'it broke off' : '')
    if (this.#isRefused) lease.release('failed', undefined, silence)
    else lease.release(outcomeOf[how], lifeMs, how)
  }

  closed(): void {
    this.#all.delete(this)
  }

  #start(lease: Lease, backend: Socket): void {
    const connectedMs = performance.now()
    lease.connected()
    this.#record.connected(connectedMs)
    if (this.#client.destroyed) {
      lease.release('aborted')
      this.#record.ended('client_gone')
      abort(backend)
      this.#all.delete(this)
      return
    }
    this.#lease = lease
    backend.once('end', () => {
      const isSilent = !lease.isAnswered && !this.#client.readableEnded
      this.#isRefused = isSilent && performance.now() - connectedMs < atOnceMs
    })
    this.#relay.start(backend)
  }

  #hasLeftQueue(): boolean {
    this.#queued!.end()
    this.#queued = undefined
    this.#record.waited()
    return hasLeft(this.#client)
  }
}
