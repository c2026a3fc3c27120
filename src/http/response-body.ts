import type { Socket } from 'node:net'
import { LengthBody, type Sink } from '../codecs/http1-body.ts'
import { ChunkedBody } from '../codecs/http1-chunked.ts'
import type { Fault } from '../codecs/http1-faults.ts'
import { Framing } from '../codecs/http1-framing.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import type { ResponseHead } from '../codecs/http1-response.ts'
import { writeChunkHead, writeLastChunk } from '../codecs/http1-write.ts'
import type { Outbox } from './outbox.ts'

const crlf = Buffer.from('\r\n')

/**
 * Carries the body of a response from the backend's framing into the client's.
 *
 * A client that spoke HTTP/1.1 gets what ends with the connection in chunks, so that it can tell the end from
 * a break; one that spoke HTTP/1.0 gets what came in chunks without them, up to the end of the connection.
 */
export class ResponseBody implements Sink {
  isDone = true
  readonly #length = new LengthBody()
  #chunked: ChunkedBody | undefined
  #framing: Framing = Framing.NONE
  #canChunk = true
  #wantsTrailers = false
  #outbox!: Outbox
  #client!: Socket
  #isShared = false

  /** Whether the client gets it in chunks. */
  get isChunked(): boolean {
    if (!this.#canChunk) return false
    return this.#framing === Framing.CHUNKED || this.#framing === Framing.CLOSE
  }

  /** Whether the client can tell its end without the connection ending. */
  get isDelimited(): boolean {
    return this.#canChunk || this.#framing === Framing.NONE || this.#framing === Framing.LENGTH
  }

  get fault(): Fault | null {
    return this.#framing === Framing.CHUNKED ? this.#chunked!.fault : null
  }

  /** Makes ready for the body behind `head`, which answers `request`. */
  begin(head: ResponseHead, outbox: Outbox, client: Socket, request: RequestHead): void {
    this.#framing = head.framing
    this.#canChunk = request.minor > 0
    this.#wantsTrailers = request.teTrailers
    this.#outbox = outbox
    this.#client = client
    this.isDone = head.framing === Framing.NONE
    if (head.framing === Framing.LENGTH) {
      this.#length.begin(head.contentLength)
      this.isDone = head.contentLength === 0
    } else if (head.framing === Framing.CHUNKED) {
      this.#chunked ??= new ChunkedBody()
      this.#chunked.begin(this.#canChunk ? 'keep' : 'strip', head)
    }
  }

  /** Takes bytes and returns the offset behind the last one that belongs to the body. */
  take(bytes: Buffer, from: number, to: number, isShared: boolean): number {
    if (this.isDone) return from
    this.#isShared = isShared
    if (this.#framing === Framing.CLOSE) {
      if (to > from) this.#putClosing(bytes, from, to)
      return to
    }
    const body = this.#framing === Framing.LENGTH ? this.#length : this.#chunked!
    const at = body.read(bytes, from, to, this)
    if (body.done) this.#finish()
    return at
  }

  /** The backend has ended. @returns whether that was the end of the body. */
  end(): boolean {
    if (this.#framing !== Framing.CLOSE) return this.isDone
    this.#finish()
    return true
  }

  data(bytes: Buffer, from: number, to: number): void {
    this.#outbox.send(this.#client, bytes, from, to, this.#isShared)
  }

  #putClosing(bytes: Buffer, from: number, to: number): void {
    if (!this.#canChunk) return this.data(bytes, from, to)
    this.#reserve(32)
    this.#outbox.length = writeChunkHead(this.#outbox.buffer, this.#outbox.length, to - from)
    this.data(bytes, from, to)
    this.data(crlf, 0, crlf.length)
  }

  #finish(): void {
    this.isDone = true
    if (!this.isChunked) return
    const hasTrailers = this.#wantsTrailers && this.#framing === Framing.CHUNKED
    const trailers = hasTrailers ? this.#chunked!.trailers : null
    this.#reserve(8 + (trailers?.length ?? 0))
    this.#outbox.length = writeLastChunk(this.#outbox.buffer, this.#outbox.length, trailers)
  }

  #reserve(bytes: number): void {
    if (this.#outbox.buffer.length - this.#outbox.length < bytes) this.#outbox.flush(this.#client)
  }
}
