/**
 * A body in the chunked coding, read piece by piece and handed on without a copy.
 *
 * Exact to the byte: CRLF everywhere, and the two bytes behind the data of a chunk are looked at
 * (CVE-2025-22871, CVE-2025-43859). Extensions are checked, bounded and never handed on.
 *
 * @see RFC 9112 7.1
 */
import type { Sink } from './http1-body.ts'
import { CR, HEX, isBlank, LF, SEMICOLON, VALUE } from './http1-chars.ts'
import { BAD, type Fault, MORE } from './http1-faults.ts'
import type { FieldLines } from './http1-fields.ts'
import type { HopOptions } from './http1-hop.ts'
import { TrailerSection } from './http1-trailers.ts'

/** What a body needs to know of its head; `RequestHead` and `ResponseHead` are one. */
export interface BodyHead {
  readonly fields: FieldLines
  readonly hop: HopOptions
}

const State = {
  SIZE: 0,
  EXTENSION_BLANK: 1,
  EXTENSION: 2,
  SIZE_LF: 3,
  DATA: 4,
  DATA_CR: 5,
  DATA_LF: 6,
  TRAILER: 7,
  TRAILERS: 8,
  LAST_LF: 9,
  DONE: 10,
  BAD: 11,
} as const
type State = (typeof State)[keyof typeof State]

const digitsLimit = 13 // 2^52 − 1, so no size loses precision.
const extensionLimitBytes = 256
const extensionsLimitBytes = 4_096

/**
 * `keep` hands on the chunks as they came, but for extensions, the last chunk and the trailers:
 * ranges of the bytes read, as few as can be. A size line split between two reads is held back
 * until it is complete and then handed on in a small Buffer of its own. `strip` hands on the data
 * alone.
 */
export class ChunkedBody {
  fault: Fault | null = null
  /** Bytes of data met so far, without the coding. */
  dataBytes = 0
  #state: State = State.DONE
  #keep = true
  #head: BodyHead | null = null
  #trailers: TrailerSection | null = null
  // Of the current chunk: the size or what is left of it, the digits as they came, the extension's
  // length.
  #size = 0
  #digitCount = 0
  readonly #digits = new Uint8Array(digitsLimit)
  #extension = 0
  #extensions = 0
  // Offsets in the bytes of the current read, -1 for none: the range to hand on, and the parts of a
  // size line.
  #open = -1
  #lineFrom = -1
  #digitsTo = -1
  #lineCr = -1

  get done(): boolean {
    return this.#state === State.DONE
  }

  /** The trailer lines to forward, each with its CRLF; null for none. Known when `done`. */
  get trailers(): Buffer | null {
    return this.#trailers?.lines ?? null
  }

  /** Makes ready for the body behind `head`, whose limits the trailers share. */
  begin(mode: 'keep' | 'strip', head: BodyHead): void {
    this.fault = null
    this.dataBytes = 0
    this.#keep = mode === 'keep'
    this.#head = head
    this.#trailers = null
    this.#extensions = 0
    this.#nextChunk()
  }

  /**
   * Reads on, and returns the offset behind what it took: `end`, but less when the body is `done`
   * before, or refused (`fault`).
   */
  read(bytes: Buffer, start: number, end: number, sink: Sink): number {
    this.#open = -1
    this.#lineFrom = -1
    let i = start
    while (i < end && this.#state < State.DONE) i = this.#step(bytes, i, end, sink)
    if (this.#open !== -1 && this.#state < State.DONE) {
      // An unfinished size line may turn out to be the last chunk: hold it back.
      this.#flush(bytes, this.#lineFrom === -1 ? i : this.#lineFrom, sink)
    }
    return i
  }

  #step(bytes: Buffer, i: number, end: number, sink: Sink): number {
    switch (this.#state) {
      case State.SIZE:
        return this.#readSize(bytes, i, end)
      case State.EXTENSION_BLANK:
      case State.EXTENSION:
        return this.#readExtension(bytes, i, end)
      case State.SIZE_LF:
        if (bytes[i] !== LF) return this.#fail('chunkEnd', i)
        this.#endSizeLine(bytes, i + 1, sink)
        return i + 1
      case State.DATA:
        return this.#readData(bytes, i, end, sink)
      case State.DATA_CR:
        if (bytes[i] !== CR) return this.#fail('chunkEnd', i)
        if (this.#keep && this.#open === -1) this.#open = i
        this.#state = State.DATA_LF
        return i + 1
      case State.DATA_LF:
        if (bytes[i] !== LF) return this.#fail('chunkEnd', i)
        if (this.#keep && this.#open === -1) this.#open = i
        this.#nextChunk()
        return i + 1
      case State.LAST_LF:
        if (bytes[i] !== LF) return this.#fail('chunkEnd', i)
        this.#state = State.DONE
        return i + 1
      default:
        return this.#readTrailers(bytes, i, end)
    }
  }

  #nextChunk(): void {
    this.#state = State.SIZE
    this.#size = 0
    this.#digitCount = 0
    this.#extension = 0
    this.#lineFrom = -1
  }

  #readSize(bytes: Buffer, from: number, end: number): number {
    if (this.#digitCount === 0) this.#lineFrom = from
    let i = from
    for (; i < end; i++) {
      const digit = HEX[bytes[i]!]!
      if (digit === 255) break
      if (this.#digitCount === digitsLimit) return this.#fail('chunkSize', i)
      this.#digits[this.#digitCount++] = bytes[i]!
      this.#size = this.#size * 16 + digit
    }
    if (i === end) return i
    if (this.#digitCount === 0) return this.#fail('chunkSize', i)
    this.#digitsTo = i
    this.#lineCr = i
    const byte = bytes[i]
    if (byte === CR) this.#state = State.SIZE_LF
    else if (byte === SEMICOLON) this.#state = State.EXTENSION
    else if (isBlank(byte)) this.#state = State.EXTENSION_BLANK
    else return this.#fail(byte === LF ? 'chunkEnd' : 'chunkSize', i)
    if (byte !== CR) this.#extension = 1
    return i + 1
  }

  #readExtension(bytes: Buffer, from: number, end: number): number {
    let i = from
    for (; i < end; i++) {
      const byte = bytes[i]!
      if (byte === CR && this.#state === State.EXTENSION) {
        this.#lineCr = i
        this.#extensions += this.#extension
        this.#state = State.SIZE_LF
        return i + 1
      }
      if (VALUE[byte] === 0) return this.#fail(byte === LF ? 'chunkEnd' : 'extension', i)
      if (this.#state === State.EXTENSION_BLANK && !isBlank(byte)) {
        if (byte !== SEMICOLON) return this.#fail('chunkSize', i)
        this.#state = State.EXTENSION
      }
      this.#extension++
      if (this.#extension > extensionLimitBytes) return this.#fail('extension', i)
      if (this.#extensions + this.#extension > extensionsLimitBytes) {
        return this.#fail('extension', i)
      }
    }
    return i
  }

  // The size line is complete; `after` is behind its LF.
  #endSizeLine(bytes: Buffer, after: number, sink: Sink): void {
    const from = this.#lineFrom
    this.#lineFrom = -1
    if (this.#size === 0) {
      if (this.#open !== -1) this.#flush(bytes, from, sink)
      this.#state = State.TRAILER
      return
    }
    this.#state = State.DATA
    if (!this.#keep) return
    if (from === -1) {
      const line = Buffer.from(`${Buffer.from(this.#digits.subarray(0, this.#digitCount))}\r\n`)
      sink.data(line, 0, line.length)
      this.#open = after
      return
    }
    if (this.#open === -1) this.#open = from
    if (this.#extension === 0) return
    this.#flush(bytes, this.#digitsTo, sink)
    this.#open = this.#lineCr
  }

  #readData(bytes: Buffer, i: number, end: number, sink: Sink): number {
    const to = Math.min(end, i + this.#size)
    this.#size -= to - i
    this.dataBytes += to - i
    if (this.#size === 0) this.#state = State.DATA_CR
    if (!this.#keep) sink.data(bytes, i, to)
    else if (this.#open === -1) this.#open = i
    return to
  }

  #readTrailers(bytes: Buffer, i: number, end: number): number {
    if (this.#state === State.TRAILER && bytes[i] === CR) {
      this.#state = State.LAST_LF
      return i + 1
    }
    this.#state = State.TRAILERS
    const { fields, hop } = this.#head!
    this.#trailers ??= new TrailerSection(
      fields.faults,
      {
        limitBytes: Math.max(0, fields.limitBytes - fields.end),
        fieldsLimit: fields.fieldsLimit - fields.count,
      },
      hop,
    )
    const before = this.#trailers.sizeBytes
    const result = this.#trailers.read(bytes, i, end)
    if (result === MORE) return end
    this.#state = result === BAD ? State.BAD : State.DONE
    this.fault = this.#trailers.fault
    return result === BAD ? i : i + this.#trailers.sizeBytes - before
  }

  #flush(bytes: Buffer, to: number, sink: Sink): void {
    const from = this.#open
    this.#open = -1
    if (to > from) sink.data(bytes, from, to)
  }

  #fail(fault: 'chunkSize' | 'chunkEnd' | 'extension', at: number): number {
    this.fault = this.#head!.fields.faults[fault]
    this.#state = State.BAD
    return at
  }
}
