/** What `LineReader` gives in place of a line that is over the limit. */
export const tooLong: unique symbol = Symbol('too long')

/** No limit should be higher: a line is held whole. */
export const lineLimitMostBytes = 16_777_216

const nothing = Buffer.alloc(0)
const lineFeed = 0x0a
const carriageReturn = 0x0d
/** What is set aside for a line that goes on in the next chunk; doubled as it grows. */
const partBytesMin = 256

/**
 * Cuts a stream of bytes into lines that end in `\n` or `\r\n`; a `\r` elsewhere is a byte like any other.
 *
 * A line is a view of the chunk it lies in, or a copy where it lies in several. It stays as it is for as long
 * as the chunk does, so chunks must not be written to again; whoever keeps a short line for long keeps its
 * chunk too, and may copy it. Chunks are read once, so the cost is linear however the bytes are cut.
 */
export class LineReader {
  readonly #limitBytes: number
  /** What has not been read yet: from `#at` on in `#chunk`, then the queue. */
  #chunk: Buffer = nothing
  #at = 0
  #queue: Buffer[] = []
  #queuedBytes = 0
  /** The beginning of a line whose end has not come. */
  #part: Buffer = nothing
  #partBytes = 0
  /** The rest of this line is thrown away. */
  #skips = false

  /** @param limitBytes How long a line may be, its `\n` or `\r\n` not counted. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Bytes that were pushed and have not come out, the beginning of an unfinished line among them. */
  get heldBytes(): number {
    return this.#chunk.length - this.#at + this.#queuedBytes + this.#partBytes
  }

  /** Takes the next bytes, by reference. What was pushed before and not read yet is kept, and comes first. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    if (this.#at < this.#chunk.length || this.#queue.length > 0) {
      this.#queue.push(chunk)
      this.#queuedBytes += chunk.length
      return
    }
    this.#chunk = chunk
    this.#at = 0
  }

  /**
   * The next whole line without its end, which may be empty; `undefined` until there is one.
   *
   * `tooLong` comes once for each line over the limit, as soon as that is known; its rest is skipped. Beyond
   * what was pushed since, no more than the limit and one byte is held.
   */
  next(): Buffer | typeof tooLong | undefined {
    while (this.#at < this.#chunk.length || this.#advance()) {
      const from = this.#at
      const end = this.#chunk.indexOf(lineFeed, from)
      if (end === -1) {
        this.#at = this.#chunk.length
        if (this.#skips || this.#setAside(this.#chunk, from)) continue
        this.#skips = true
        return tooLong
      }
      this.#at = end + 1
      if (!this.#skips) return this.#line(from, end)
      this.#skips = false
    }
    return undefined
  }

  /**
   * The last line when the input has ended without its `\n`: what a `\n` would now give. `undefined` when no
   * line was begun, or it was told to be too long before. To be called when `next` has given `undefined`.
   */
  rest(): Buffer | typeof tooLong | undefined {
    if (this.#partBytes === 0) return undefined
    return this.#line(0, 0)
  }

  /** Goes to the next chunk of the queue, and lets go of the one that has been read. */
  #advance(): boolean {
    const chunk = this.#queue.shift()
    this.#chunk = chunk ?? nothing
    this.#at = 0
    this.#queuedBytes -= this.#chunk.length
    return chunk !== undefined
  }

  /** The line that ends at `end` of the chunk, and begins at `from` or in what was set aside. */
  #line(from: number, end: number): Buffer | typeof tooLong {
    if (this.#partBytes === 0) return this.#within(this.#chunk, from, end)
    const length = this.#partBytes + end - from
    if (length > this.#limitBytes + 1) {
      this.#dropPart()
      return tooLong
    }
    this.#append(this.#chunk, from, end)
    const line = this.#within(this.#part, 0, length)
    this.#dropPart()
    return line
  }

  #within(bytes: Buffer, from: number, end: number): Buffer | typeof tooLong {
    const to = end > from && bytes[end - 1] === carriageReturn ? end - 1 : end
    return to - from > this.#limitBytes ? tooLong : bytes.subarray(from, to)
  }

  /** Keeps the beginning of a line; false, with nothing kept, when the line is over the limit already. */
  #setAside(chunk: Buffer, from: number): boolean {
    const length = this.#partBytes + chunk.length - from
    const { length: to } = chunk
    // One byte more may turn out to be the first of `\r\n`.
    const most = chunk[to - 1] === carriageReturn ? this.#limitBytes + 1 : this.#limitBytes
    if (length > most) {
      this.#dropPart()
      return false
    }
    this.#append(chunk, from, to)
    return true
  }

  #append(chunk: Buffer, from: number, to: number): void {
    const length = this.#partBytes + to - from
    if (length > this.#part.length) {
      const room = Math.max(length, Math.min(2 * this.#part.length, this.#limitBytes + 1))
      const grown = Buffer.allocUnsafe(Math.max(room, partBytesMin))
      this.#part.copy(grown, 0, 0, this.#partBytes)
      this.#part = grown
    }
    chunk.copy(this.#part, this.#partBytes, from, to)
    this.#partBytes = length
  }

  #dropPart(): void {
    this.#part = nothing
    this.#partBytes = 0
  }
}
