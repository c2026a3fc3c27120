import type { Socket } from 'node:net'
import { LengthBody, type Sink } from '../codecs/http1-body.ts'
import { ChunkedBody } from '../codecs/http1-chunked.ts'
import type { Fault } from '../codecs/http1-faults.ts'
import { Framing } from '../codecs/http1-framing.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { LAST_CHUNK, writeLastChunk } from '../codecs/http1-write.ts'
import type { Outbox } from '../http/outbox.ts'

/** Carries the body of a request to a backend as it comes, and keeps the start of it for a retry. */
export class RequestBody implements Sink {

  readonly #body: LengthBody | ChunkedBody
  readonly #outbox: Outbox
  readonly #replayLimitBytes: number
  #saved: Buffer[] | undefined = []
  /** Of data and coding. */
  #savedBytes = 0
  #backend!: Socket

  constructor(head: RequestHead, outbox: Outbox, replayLimitBytes: number) {
    this.#outbox = outbox
    this.#replayLimitBytes = replayLimitBytes
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

  get fault(): Fault | null {
    return this.#body.fault
  }

  /** How much of it has come, in bytes of data. */
  get bytes(): number {
    return this.#body instanceof ChunkedBody ? this.#body.dataBytes : this.#savedBytes
  }

  /** Whether what has come so far could be sent again. */
  get isReplayable(): boolean {
    return this.#saved !== undefined
  }

  /** Passes on what belongs to the body and returns the offset behind it. Flushing is the caller's. */
  take(bytes: Buffer, from: number, to: number, backend: Socket): number {
    this.#backend = backend
    const at = this.#body.read(bytes, from, to, this)
    if (this.isDone) this.#end()
    return at
  }

  /** Sends again what has come so far. */
  replay(backend: Socket): void {
    this.#backend = backend
    for (const part of this.#saved ?? []) this.#outbox.send(backend, part, 0, part.length, false)
    if (this.isDone) this.#end()
  }

  data(bytes: Buffer, from: number, to: number): void {

    this.#save(bytes, from, to)
    this.#outbox.send(this.#backend, bytes, from, to, false)
  }

  #save(bytes: Buffer, from: number, to: number): void {
    this.#savedBytes += to - from
    if (this.#savedBytes > this.#replayLimitBytes) this.#saved = undefined
    // No copy: what a client's socket reads is not written over.
    else this.#saved?.push(bytes.subarray(from, to))
  }

  #end(): void {
    if (!(this.#body instanceof ChunkedBody)) return
    const outbox = this.#outbox
    const { trailers } = this.#body
    const room = outbox.buffer.length - outbox.length
    if (room < LAST_CHUNK.length + (trailers?.length ?? 0)) outbox.flush(this.#backend)
    outbox.length = writeLastChunk(outbox.buffer, outbox.length, trailers)
  }
}
