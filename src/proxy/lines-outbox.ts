import type { Socket } from 'node:net'

/** Most turns have less for one peer. */
const gatheredBytes = 16 * 1_024
const sparesMax = 64
const spares: Buffer[] = []
const lineFeed = 0x0a

/** Whom an outbox asks to be flushed, once a turn. */
export interface Flusher {
  flushSoon(outbox: LinesOutbox): void
}

/**
 * Gathers what one peer gets in a turn of the event loop, so that many messages leave in one write.
 *
 * While the peer does not take what was written, its socket's timeout runs; `written` hears that it did.
 */
export class LinesOutbox {
  /** Whether it is in line to be flushed. */
  isDue = false
  readonly #socket: Socket
  readonly #flusher: Flusher
  readonly #timeoutMs: number
  readonly #written: () => void
  #buffer: Buffer | undefined
  #length = 0

  /** @param timeoutMs of the socket, while something waits to be taken. @param written all of it was taken */
  constructor(socket: Socket, flusher: Flusher, timeoutMs: number, written: () => void) {
    this.#socket = socket
    this.#flusher = flusher
    this.#timeoutMs = timeoutMs
    this.#written = written
  }

  /** What the system has not taken yet. */
  get heldBytes(): number {
    return this.#length + this.#socket.writableLength
  }

  /** Adds a line, with its line feed. */
  line(bytes: Buffer): void {
    const at = this.#take(bytes.length + 1)
    const buffer = this.#buffer!
    bytes.copy(buffer, at)
    buffer[at + bytes.length] = lineFeed
  }

  /** The same, with `id`, of one-byte characters, where `from` to `to` was. */
  withId(bytes: Buffer, from: number, to: number, id: string): number {
    const length = bytes.length - (to - from) + id.length + 1
    let at = this.#take(length)
    const buffer = this.#buffer!
    at += bytes.copy(buffer, at, 0, from)
    at += buffer.write(id, at, 'latin1')
    at += bytes.copy(buffer, at, to)
    buffer[at] = lineFeed
    return length
  }

  /** Adds what is a line, or several, already. */
  raw(bytes: Buffer): void {
    const at = this.#take(bytes.length)
    bytes.copy(this.#buffer!, at)
  }

  /** Writes what is gathered. */
  flush(): void {
    const buffer = this.#buffer
    if (buffer === undefined) return
    const length = this.#length
    this.#buffer = undefined
    this.#length = 0
    const socket = this.#socket
    if (!socket.destroyed && !socket.writableEnded) {
      socket.write(buffer.subarray(0, length), this.#taken)
      if (socket.writableLength > 0) {
        // The socket still needs the buffer, so another one is made.
        if (socket.timeout !== this.#timeoutMs) socket.setTimeout(this.#timeoutMs)
        return
      }
    }
    if (buffer.length === gatheredBytes && spares.length < sparesMax) spares.push(buffer)
  }

  readonly #taken = (): void => {
    const socket = this.#socket
    if (socket.destroyed || socket.writableLength > 0) return
    if (socket.timeout) socket.setTimeout(0)
    this.#written()
  }

  /** @returns where so many bytes may be written in the buffer. */
  #take(bytes: number): number {
    if (this.#buffer !== undefined && this.#length + bytes > this.#buffer.length) this.flush()
    if (this.#buffer === undefined) {
      const spare = bytes <= gatheredBytes ? spares.pop() : undefined
      this.#buffer = spare ?? Buffer.allocUnsafeSlow(Math.max(bytes, gatheredBytes))
    }
    if (!this.isDue) {
      this.isDue = true
      this.#flusher.flushSoon(this)
    }
    const at = this.#length
    this.#length += bytes
    return at
  }
}
