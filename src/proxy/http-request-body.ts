import type { Socket } from 'node:net'
import type { ErrorCode } from '../base/errors.ts'
import { LengthBody, type Sink } from '../codecs/http1-body.ts'
import { ChunkedBody } from '../codecs/http1-chunked.ts'
import { Framing } from '../codecs/http1-framing.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { lastChunk, writeLastChunk } from '../codecs/http1-write.ts'
import type { Outbox } from '../http/outbox.ts'
import { keepLastWords } from '../net/last-words.ts'

/** Why the body of a request is refused while it comes. */
export interface Refusal {
  readonly code: ErrorCode
  readonly reason: string
}

export interface BodyLimits {
  /** Of data, without the coding; 0 is no limit. */
  readonly bodyLimitBytes: number
  readonly replayLimitBytes: number
}

const tooLarge: Refusal = {
  code: 'REQUEST_BODY_TOO_LARGE',
  reason: 'the body is larger than is allowed here',
}

/** Carries the body of a request to a backend as it comes, and keeps the start of it for a retry. */
export class RequestBody implements Sink {
  /** Whether any of it has come. */
  hasBegun = false
  readonly #body: LengthBody | ChunkedBody
  readonly #outbox: Outbox
  readonly #limits: BodyLimits
  #saved: Buffer[] | undefined = []
  /** Of data and coding. */
  #savedBytes = 0
  #backend!: Socket

  constructor(head: RequestHead, outbox: Outbox, limits: BodyLimits) {
    this.#outbox = outbox
    this.#limits = limits
    if (head.framing === Framing.CHUNKED) {
      this.#body = new ChunkedBody()
      this.#body.begin('keep', head)
    } else {
      this.#body = new LengthBody()
      this.#body.begin(head.contentLength)
    }
  }

  /** Whether all of it has come. */
  get isDone(): boolean {
    return this.#body.done
  }

  /** Why it is refused; null while it is not. */
  get refusal(): Refusal | null {
    const { bodyLimitBytes } = this.#limits
    if (bodyLimitBytes > 0 && this.#dataBytes > bodyLimitBytes) return tooLarge
    return this.#body.fault
  }

  /** Whether what has come so far could be sent again. */
  get isReplayable(): boolean {
    return this.#saved !== undefined
  }

  /** Passes on what belongs to the body and returns the offset behind it. Flushing is the caller's. */
  take(bytes: Buffer, from: number, to: number, backend: Socket): number {
    this.#backend = backend
    this.hasBegun = true
    const at = this.#body.read(bytes, from, to, this)
    if (this.isDone) this.#end()
    return at
  }

  /** Sends again what has come so far. */
  replay(backend: Socket): void {
    this.#backend = backend
    if (!this.isDone) keepLastWords(backend)
    for (const part of this.#saved ?? []) this.#outbox.send(backend, part, 0, part.length, false)
    if (this.isDone) this.#end()
  }

  data(bytes: Buffer, from: number, to: number): void {
    this.#save(bytes, from, to)
    this.#outbox.send(this.#backend, bytes, from, to, false)
  }

  get #dataBytes(): number {
    return this.#body instanceof ChunkedBody ? this.#body.dataBytes : this.#savedBytes
  }

  #save(bytes: Buffer, from: number, to: number): void {
    this.#savedBytes += to - from
    if (this.#savedBytes > this.#limits.replayLimitBytes) this.#saved = undefined
    // No copy: what a client's socket reads is not written over.
    else this.#saved?.push(bytes.subarray(from, to))
  }

  #end(): void {
    if (!(this.#body instanceof ChunkedBody)) return
    const outbox = this.#outbox
    const { trailers } = this.#body
    const room = outbox.buffer.length - outbox.length
    if (room < lastChunk.length + (trailers?.length ?? 0)) outbox.flush(this.#backend)
    outbox.length = writeLastChunk(outbox.buffer, outbox.length, trailers)
  }
}
