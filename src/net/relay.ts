import type { OnReadOpts, Socket } from 'node:net'
import { abort } from './abort.ts'
import { ReadBuffer } from './read-buffer.ts'
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

const nothing = Buffer.alloc(0)

/**
 * Carries bytes both ways between a client and a backend until both have finished.
 *
 * Nothing is read from one side that the other has not taken (back-pressure). The end of one direction is
 * passed on and leaves the other open (half-close). A broken side breaks the other, so that a cut answer
 * never looks complete.
 *
 * Life: construct, dial with `onread`, `start` with what was dialled.
 */
export class Relay implements Expiring {
  deadlineMs: number
  readonly onread: OnReadOpts
  readonly #client: Socket
  readonly #observer: RelayObserver
  readonly #sweep: Sweep
  readonly #idleTimeoutMs: number
  readonly #buffer = new ReadBuffer()
  #backend: Socket | undefined
  #hasClientEnded = false
  #hasBackendEnded = false
  #hasEnded = false
  #openSockets = 2

  constructor(client: Socket, observer: RelayObserver, sweep: Sweep, idleTimeoutMs: number) {
    this.#client = client
    this.#observer = observer
    this.#sweep = sweep
    this.#idleTimeoutMs = idleTimeoutMs
    this.deadlineMs = sweep.nowMs + idleTimeoutMs
    this.onread = {
      buffer: () => this.#buffer.current,
      callback: (bytes) => this.#fromBackend(bytes),
    }
  }

  /** Begins to read from both sides. */
  start(backend: Socket): void {
    const client = this.#client
    this.#backend = backend
    this.#sweep.add(this)
    this.#touch()
    client.on('data', (chunk) => this.#fromClient(chunk))
    client.on('end', () => this.#clientEnded())
    client.on('close', () => this.#closed('client'))
    backend.on('drain', () => client.resume())
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
    this.abort('idle')
  }

  #fromClient(chunk: Buffer): void {
    const backend = this.#backend!
    this.#touch()
    this.#observer.sent(chunk.length)
    if (!backend.write(chunk)) this.#client.pause()
  }

  /** @returns whether to go on reading. */
  #fromBackend(bytes: number): boolean {
    const client = this.#client
    const read = this.#buffer.current.subarray(0, bytes)
    this.#touch()
    this.#observer.received(bytes)
    client.write(this.#buffer.isShared ? Buffer.from(read) : read)
    this.#buffer.grow(bytes)
    // The system took it all, at once: the buffer is free again.
    if (client.writableLength === 0) return true
    client.write(nothing, () => this.#backend?.resume())
    return false
  }

  #clientEnded(): void {
    this.#hasClientEnded = true
    if (this.#hasBackendEnded) this.#finish()
    else this.#backend!.end()
  }

  #backendEnded(): void {
    this.#hasBackendEnded = true
    if (this.#hasClientEnded) this.#finish()
    else this.#client.end()
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
    this.#sweep.delete(this)
    this.#buffer.giveBack()
    this.#observer.closed()
  }

  #end(how: RelayEnd): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#observer.ended(how)
  }

  #touch(): void {
    this.deadlineMs = this.#sweep.nowMs + this.#idleTimeoutMs
  }
}

/** Closing outright saves a shutdown call and a turn of the loop, and loses nothing once all is written. */
function closeOnceWritten(socket: Socket): void {
  if (socket.writableLength === 0) socket.destroy()
  else socket.end()
}
