import type { Socket } from 'node:net'
import { abort, wasAborted } from './abort.ts'
import { copyOf, type Inlet, type Reader } from './inlet.ts'
import type { Expiring, Sweep } from './sweep.ts'

/** Why a relay ended: both sides finished, one of them broke off, nothing moved for too long, or by order. */
export type RelayEnd = 'finished' | 'client' | 'backend' | 'idle' | 'forced'

/** Who hears what a relay does. */
export interface RelayObserver {
  sent(bytes: number): void
  received(bytes: number): void
  /** Called once, when both directions have ended or one was broken. */
  ended(how: RelayEnd): void
  /** Called once, when both sockets are closed. */
  closed(): void
}

export interface RelayOptions {
  readonly sweep: Sweep
  /** How long nothing may move in either direction. */
  readonly idleTimeoutMs: number
  /** The same once one side has ended. */
  readonly halfClosedTimeoutMs: number
}

const nothing = Buffer.alloc(0)
/** After this long without a byte the system asks the other sides whether they still exist. */
const quietMs = 30_000

/**
 * Carries bytes both ways between a client and a backend until both have finished.
 *
 * Nothing is read from one side that the other has not taken (back-pressure). The end of one direction is
 * passed on and leaves the other open (half-close). A broken side breaks the other, so that a cut answer
 * never looks complete.
 *
 * Life: construct, dial with the inlet's `onread`, `start` with what was dialled.
 */
export class Relay implements Expiring, Reader {
  deadlineMs = 0
  sweepSlot = -1
  readonly #client: Socket
  readonly #inlet: Inlet
  readonly #observer: RelayObserver
  readonly #options: RelayOptions
  #backend: Socket | undefined
  #hasClientEnded = false
  #hasBackendEnded = false
  #hasEnded = false
  #openSockets = 2
  #hasSent = false
  #hasReceived = false
  #movedMs = 0

  constructor(client: Socket, inlet: Inlet, observer: RelayObserver, options: RelayOptions) {
    this.#client = client
    this.#inlet = inlet
    this.#observer = observer
    this.#options = options
  }

  /** Begins to read from both sides. */
  start(backend: Socket): void {
    const client = this.#client
    this.#backend = backend
    this.#inlet.reader = this
    this.#options.sweep.add(this)
    this.#touch()
    client.on('data', (chunk) => this.#fromClient(chunk))
    client.on('end', () => this.#clientEnded())
    client.on('close', () => this.#closed('client'))
    backend.on('end', () => this.#backendEnded())
    backend.on('close', () => this.#closed('backend'))
    client.resume()
  }

  /** Breaks both sides off. */
  abort(how: RelayEnd): void {
    this.#end(how)
    abort(this.#client)
    if (this.#backend !== undefined) abort(this.#backend)
  }

  expire(): void {
    const { sweep } = this.#options
    const endMs = this.#movedMs + this.#timeoutMs
    if (endMs <= sweep.nowMs) return this.abort('idle')
    // Only now: four system calls for each connection would be wasted on those that end at once.
    this.#client.setKeepAlive(true, quietMs)
    this.#backend?.setKeepAlive(true, quietMs)
    this.deadlineMs = endMs
  }

  #fromClient(chunk: Buffer): void {
    const backend = this.#backend!
    this.#touch()
    this.#observer.sent(chunk.length)
    // Nagle's algorithm never holds up a first write, and many a connection has no second one.
    if (this.#hasSent) backend.setNoDelay(true)
    this.#hasSent = true
    if (backend.write(chunk)) return
    this.#client.pause()
    backend.once('drain', () => this.#client.resume())
  }

  read(bytes: Buffer, end: number, isShared: boolean): boolean {
    const client = this.#client
    this.#touch()
    this.#observer.received(end)
    if (this.#hasReceived) client.setNoDelay(true)
    this.#hasReceived = true
    client.write(isShared ? copyOf(bytes, 0, end) : bytes.subarray(0, end))
    // The system took it all, at once: the buffer is free again.
    if (client.writableLength === 0) return true
    client.write(nothing, () => this.#backend?.resume())
    return false
  }

  #clientEnded(): void {
    if (wasAborted(this.#client)) return this.abort('client')
    this.#hasClientEnded = true
    if (this.#hasBackendEnded) this.#finish()
    else endOnceWritten(this.#backend!)
    this.#touch()
  }

  #backendEnded(): void {
    if (wasAborted(this.#backend!)) return this.abort('backend')
    this.#hasBackendEnded = true
    if (this.#hasClientEnded) this.#finish()
    else endOnceWritten(this.#client)
    this.#touch()
  }

  #finish(): void {
    this.#end('finished')
    closeOnceWritten(this.#client)
    closeOnceWritten(this.#backend!)
  }

  /** A side that closes before both have ended broke off, and takes the other with it. */
  #closed(side: 'client' | 'backend'): void {
    if (!this.#hasEnded) this.abort(side)
    this.#openSockets--
    if (this.#openSockets > 0) return
    this.#options.sweep.delete(this)
    this.#inlet.giveBack()
    this.#observer.closed()
  }

  #end(how: RelayEnd): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#observer.ended(how)
  }

  #touch(): void {
    this.#movedMs = this.#options.sweep.nowMs
    this.deadlineMs = this.#movedMs + Math.min(quietMs, this.#timeoutMs)
  }

  get #timeoutMs(): number {
    const { idleTimeoutMs, halfClosedTimeoutMs } = this.#options
    return this.#hasClientEnded || this.#hasBackendEnded ? halfClosedTimeoutMs : idleTimeoutMs
  }
}

/** An end that waits behind bytes would keep `abort` from a reset: it is sent when they are. */
function endOnceWritten(socket: Socket): void {
  onceWritten(socket, () => socket.end())
}

/** Closing outright saves a shutdown call and a turn of the loop, and loses nothing once all is written. */
function closeOnceWritten(socket: Socket): void {
  onceWritten(socket, () => socket.destroy())
}

/** Calls back when the system has taken everything, at once if it has; never if it does not. */
function onceWritten(socket: Socket, then: () => void): void {
  if (socket.writableLength === 0) then()
  else socket.write(nothing, (error) => (error ? undefined : then()))
}
