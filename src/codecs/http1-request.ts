/**
 * Reads the head of a request. An object is used again for every message and allocates nothing on
 * the way.
 *
 * Every offset is relative to the `start` given to `parse`, so the bytes may be moved between two
 * calls.
 *
 * @see RFC 9112 3 (request line), RFC 9110 7.2 (Host), 7.8 (Upgrade), 10.1.1 (Expect)
 */
import { decimal, sameText } from './http1-chars.ts'
import { BAD, DONE, type Fault, MORE, type Result, requestFaults } from './http1-faults.ts'
import { FieldLines } from './http1-fields.ts'
import { BodyFraming, Framing } from './http1-framing.ts'
import { HopOptions } from './http1-hop.ts'
import { isIdempotent, Method } from './http1-method.ts'
import { Kind } from './http1-names.ts'
import { RequestLine } from './http1-request-line.ts'
import { Form, isHost } from './http1-target.ts'

export interface RequestHeadOptions {
  /** Bytes of a head; 431 above. Default 16 KiB. */
  readonly headLimitBytes?: number
  /** Bytes of a request target; 414 above. Default 8 KiB. */
  readonly targetLimitBytes?: number
  /** Field lines of a head; 431 above. Default 100. */
  readonly fieldsLimit?: number
  /**
   * Keep the connection of an HTTP/1.0 client that asks for it (`ab -k`). Default false: RFC 9112
   * C.2.2.
   */
  readonly keepAlive10?: boolean
}

export class RequestHead {
  readonly line: RequestLine
  readonly fields: FieldLines
  readonly hop: HopOptions = new HopOptions()
  readonly #body = new BodyFraming()
  readonly #keepAlive10: boolean
  #lineRead = false

  /**
   * Where the message starts in the bytes of the last call; set it when the bytes move after that.
   */
  start = 0
  /** Where the head ends, behind its empty line, relative to `start`. */
  end = 0
  /** Why the request is refused, after BAD. */
  fault: Fault | null = null
  /**
   * The host, relative to `start`: the target's for an absolute-form, else that of Host; -1 for
   * none.
   */
  hostFrom = -1
  hostTo = -1
  framing: Framing = Framing.NONE
  /** Bytes of the body; -1 without a Content-Length. */
  contentLength = -1
  /** Content-Length came in an odd form and is written anew. */
  lengthRewritten = false
  /** The client's connection may serve another request after this one. */
  keepAlive = false
  /** The client wants a 100 before it sends the body. */
  expectContinue = false
  /** The client asks for another protocol. */
  upgrade = false
  /** The protocols asked for, in lower case, when `upgrade`. */
  offered = ''
  /** The client can read trailers. */
  teTrailers = false
  /** Of OPTIONS and TRACE; -1 for none. */
  maxForwards = -1

  constructor(options: RequestHeadOptions = {}) {
    const { headLimitBytes = 16_384, targetLimitBytes = 8_192, fieldsLimit = 100 } = options
    const limits = { limitBytes: headLimitBytes, fieldsLimit }
    this.fields = new FieldLines(requestFaults, limits)
    this.line = new RequestLine(targetLimitBytes, headLimitBytes)
    this.#keepAlive10 = options.keepAlive10 ?? false
  }

  get method(): Method {
    return this.line.method
  }

  /** The minor version, 0 or 1. */
  get minor(): number {
    return this.line.minor
  }

  get idempotent(): boolean {
    return isIdempotent(this.line.method)
  }

  /** Makes ready for the next message. */
  reset(): void {
    this.line.reset()
    this.hop.reset()
    this.#lineRead = false
    this.fault = null
    this.end = 0
    this.hostFrom = -1
    this.hostTo = -1
    this.expectContinue = false
    this.upgrade = false
    this.offered = ''
    this.teTrailers = false
    this.maxForwards = -1
  }

  /**
   * Reads the head that begins at `start`. MORE: call again with the same message start, wherever
   * it now is, and a larger end. BAD: see `fault`; answer, close, and read no further.
   */
  parse(bytes: Buffer, start: number, end: number): Result {
    this.start = start
    const stop = Math.min(end, start + this.fields.limitBytes)
    if (!this.#lineRead) {
      const result = this.line.parse(bytes, start, stop)
      if (result === MORE) return MORE
      if (result === BAD) return this.#refuse(this.line.fault!)
      this.#lineRead = true
      this.fields.reset(this.line.end)
    }
    const result = this.fields.parse(bytes, start, stop)
    if (result === MORE) return MORE
    if (result === BAD) return this.#refuse(this.fields.fault!)
    const fault = this.#finish(bytes)
    if (fault !== null) return this.#refuse(fault)
    this.end = this.fields.end
    return DONE
  }

  #refuse(fault: Fault): Result {
    this.fault = fault
    this.keepAlive = false
    return BAD
  }

  #finish(bytes: Buffer): Fault | null {
    const { fields, hop, line, start } = this
    const fault =
      hop.read(fields, bytes, start) ??
      this.#body.read(fields, bytes, start, line.minor) ??
      this.#readHost(bytes)
    if (fault !== null) return fault
    this.framing = this.#body.kind
    this.contentLength = this.#body.contentLength
    this.lengthRewritten = this.#body.rewritten
    this.keepAlive = !hop.close && (line.minor === 1 || (this.#keepAlive10 && hop.keepAlive))
    if (line.method === Method.TRACE && this.#hasBody()) return requestFaults.traceBody
    if (fields.seen === 0) return null
    return this.#readExpect(bytes) ?? this.#readUpgrade(bytes) ?? this.#readRest(bytes)
  }

  #hasBody(): boolean {
    return this.framing === Framing.CHUNKED || this.contentLength > 0
  }

  // RFC 9112 3.2: one Host in HTTP/1.1; 3.2.2: the authority of an absolute-form target replaces
  // it.
  #readHost(bytes: Buffer): Fault | null {
    const { fields, line, start } = this
    const index = fields.find(Kind.HOST)
    const absolute = line.form === Form.ABSOLUTE
    if (index === -1) {
      if (line.minor === 1) return requestFaults.hostMissing
    } else {
      if ((fields.twice & (1 << Kind.HOST)) !== 0) return requestFaults.hostTwice
      this.hostFrom = fields.valueFrom(index)
      this.hostTo = fields.valueTo(index)
      if (!isHost(bytes, start + this.hostFrom, start + this.hostTo)) return requestFaults.host
    }
    if (!absolute) return null
    const authority = { from: start + line.authorityFrom, to: start + line.pathFrom }
    const host = { from: start + this.hostFrom, to: start + this.hostTo }
    if (index !== -1 && !sameText(bytes, authority, host)) return requestFaults.hostDiffers
    this.hostFrom = line.authorityFrom
    this.hostTo = line.pathFrom
    if (index !== -1) fields.leaveOut(index)
    return null
  }

  #readExpect(bytes: Buffer): Fault | null {
    const { fields, start } = this
    const index = fields.find(Kind.EXPECT)
    if (index === -1) return null
    if (this.line.minor === 0) {
      // RFC 9110 10.1.1: ignored from an HTTP/1.0 client; forwarded as HTTP/1.1 it would come
      // alive.
      fields.leaveOutAll(Kind.EXPECT)
      return null
    }
    const twice = (fields.twice & (1 << Kind.EXPECT)) !== 0
    if (twice || fields.lowerText(bytes, start, index) !== '100-continue') {
      return requestFaults.expectation
    }
    this.expectContinue = this.#hasBody()
    return null
  }

  #readUpgrade(bytes: Buffer): Fault | null {
    const { fields, start } = this
    const index = fields.find(Kind.UPGRADE)
    if (index === -1 || !this.hop.upgrade || this.line.minor === 0) return null
    const offered = fields.lowerText(bytes, start, index)
    const twice = (fields.twice & (1 << Kind.UPGRADE)) !== 0
    // HTTP/2 in a tunnel would pass every rule of ours; without Upgrade the request is an ordinary
    // one.
    if (twice || offered === '' || offered.includes('h2c')) return null
    if (this.#hasBody()) return requestFaults.upgradeBody
    this.upgrade = true
    this.offered = offered
    fields.keep(index)
    return null
  }

  #readRest(bytes: Buffer): Fault | null {
    const { fields, start } = this
    const te = fields.find(Kind.TE)
    if (te !== -1 && this.line.minor === 1) {
      const codings = fields.lowerText(bytes, start, te).split(',')
      this.teTrailers = codings.some((coding) => coding.trim() === 'trailers')
    }
    const index = fields.find(Kind.MAX_FORWARDS)
    const { method } = this.line
    if (index === -1 || (method !== Method.OPTIONS && method !== Method.TRACE)) return null
    if ((fields.twice & (1 << Kind.MAX_FORWARDS)) !== 0) return requestFaults.maxForwards
    this.maxForwards = decimal(
      bytes,
      start + fields.valueFrom(index),
      start + fields.valueTo(index),
    )
    return this.maxForwards === -1 ? requestFaults.maxForwards : null
  }
}
