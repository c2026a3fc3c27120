import type { Socket } from 'node:net'
import type { PilotiError } from '../base/errors.ts'
import type { Slots } from '../base/slots.ts'
import { abort } from '../net/abort.ts'
import { type DialOptions, dialThen } from '../net/dial.ts'
import { Inlet } from '../net/inlet.ts'
import { Relay, type RelayEnd, type RelayObserver, type RelayOptions } from '../net/relay.ts'
import type { Lease } from '../pool/lease.ts'
import type { AccessLog } from './access-log.ts'
import { Notes, relayEnds } from './notes.ts'
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
  #notes: Notes | undefined
  #accessLog: AccessLog | undefined

  constructor(client: Socket, options: RelayOptions, all: TcpConnections) {
    this.#client = client
    this.#relay = new Relay(client, this.#inlet, this, options)
    this.#options = options
    this.#all = all
    all.add(this)
  }

  /** Has the access log told how it ends. @param pool as the log calls it */
  note(accessLog: AccessLog, pool: string): void {
    const client = (this.#client.remoteAddress ?? '').replace(/^::ffff:/, '')
    this.#notes = new Notes(client, performance.now())
    this.#notes.pool = pool
    this.#accessLog = accessLog
  }

  /**
   * Waits in line for a backend.
   *
   * @param withinMs how long; 0 is no limit.
   * @param leave called when it waits no longer: it is late, or the client has left.
   */
  wait(withinMs: number, leave: (isLate: boolean) => void): void {
    this.#notes?.mark()
    this.#queued = new QueuedClient(this.#client, this.#options.sweep, withinMs, (isLate) => {
      this.#queued = undefined
      this.#notes?.queued()
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
    this.#notes?.tries(lease.backend.id)
    this.#notes?.mark()
    const { onread } = this.#inlet
    const connected = (backend: Socket): void => {
      this.#notes?.connected()
      this.#start(lease, backend)
      done()
    }
    const failed = (error: PilotiError): void => {
      this.#notes?.connected()
      if (!this.#client.destroyed) return fail(error)
      // Nobody waits any more, so there is no point in another try.
      lease.release(error.kind.side === 'backend' ? 'failed' : 'aborted', undefined, error.message)
      this.#tell('client_gone')
      this.#all.delete(this)
    }
    dialThen(lease.backend.address, { ...options, onread }, connected, failed)
  }

  /** @param how it ends, for the access log */
  giveUp(how: string): void {
    this.#tell(how)
    abort(this.#client)
    this.#all.delete(this)
  }

  abort(): void {
    if (this.#lease !== undefined) this.#relay.abort('forced')
    else abort(this.#client)
  }

  sent(bytes: number): void {
    this.#lease!.sent(bytes)
    if (this.#notes !== undefined) this.#notes.requestBytes += bytes
  }

  received(bytes: number): void {
    const lease = this.#lease!
    if (!lease.isAnswered) {
      lease.answered(performance.now() - this.#dialledMs)
      this.#notes?.answered()
    }
    lease.received(bytes)
    if (this.#notes !== undefined) this.#notes.responseBytes += bytes
  }

  ended(how: RelayEnd): void {
    const lease = this.#lease!
    const lifeMs = lease.isAnswered ? undefined : performance.now() - this.#dialledMs
    if (this.#isRefused) lease.release('failed', undefined, 'ended at once, without a word')
    else lease.release(outcomeOf[how], lifeMs, how)
    this.#tell(this.#isRefused ? 'backend_silent' : relayEnds[how])
  }

  closed(): void {
    this.#all.delete(this)
  }

  #start(lease: Lease, backend: Socket): void {
    lease.connected()
    if (this.#client.destroyed) {
      lease.release('aborted')
      this.#tell('client_gone')
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

  #tell(how: string): void {
    const notes = this.#notes
    if (notes === undefined) return
    this.#notes = undefined
    notes.ended(how, 0)
    this.#accessLog!.tell(notes)
  }

  #hasLeftQueue(): boolean {
    this.#queued!.end()
    this.#queued = undefined
    this.#notes?.queued()
    return hasLeft(this.#client)
  }
}
