/**
 * A body of known length, and what takes the pieces of any body.
 *
 * @see RFC 9112 6.2
 */

/** Takes what a body decoder hands on. The codec never changes these bytes afterwards. */
export interface Sink {
  data(bytes: Buffer, start: number, end: number): void
}

/** A body of `Content-Length` bytes. */
export class LengthBody {
  /** Bytes still to come. */
  remaining = 0
  readonly fault: null = null

  get done(): boolean {
    return this.remaining === 0
  }

  begin(contentLength: number): void {
    this.remaining = contentLength
  }

  /** Hands on what belongs to the body, and returns the offset behind it. */
  read(bytes: Buffer, start: number, end: number, sink: Sink): number {
    const to = Math.min(end, start + this.remaining)
    if (to > start) {
      this.remaining -= to - start
      sink.data(bytes, start, to)
    }
    return to
  }
}
