/**
 * Reads the head of a backend's response. An object is used again for every message.
 *
 * Every offset is relative to the `start` given to `parse`, so the bytes may be moved between two
 * calls.
 *
 * @see RFC 9112 4 (status line), 6.3 (which responses have a body)
 */
import {
  COMMA,
  CR,
  decimal,
  hasLineFeed,
  isBlank,
  isDigit,
  LF,
  matches,
  SP,
  VALUE,
} from './http1-chars.ts'
import { BAD, DONE, type Fault, MORE, type Result, responseFaults } from './http1-faults.ts'
import { FieldLines } from './http1-fields.ts'
import { BodyFraming, Framing } from './http1-framing.ts'
import { HopOptions } from './http1-hop.ts'
import { Kind } from './http1-names.ts'

export interface ResponseHeadOptions {
  /** Bytes of a head. Default 16 KiB. */
  readonly headLimitBytes?: number
  /** Field lines of a head. Default 100. */
  readonly fieldsLimit?: number
}

const prefix = new TextEncoder().encode('HTTP/1.')
const timeout = new TextEncoder().encode('timeout=')
const noContent = 204
const notModified = 304

export class ResponseHead {
  readonly fields: FieldLines
  readonly hop: HopOptions = new HopOptions()
  readonly #body = new BodyFraming()
  readonly #limitBytes: number
  #lineRead = false
  #scanned = 0

  /**
   * Where the message starts in the bytes of the last call; set it when the bytes move after that.
   */
  start = 0
  /** Where the head ends, behind its empty line, relative to `start`. */
  end = 0
  /** Why the response is refused, after BAD. */
  fault: Fault | null = null
  /** The response answers a HEAD request and so has no body. */
  toHead = false
  status = 0
  minor = 1
  /** The reason phrase, relative to `start`; often empty. */
  reasonFrom = 0
  reasonTo = 0
  /** The body that follows, given the method and the status. */
  framing: Framing = Framing.NONE
  /** What Content-Length says; with framing NONE no body follows all the same. -1 for none. */
  contentLength = -1
  /** Content-Length came in an odd form and is written anew. */
  lengthRewritten = false
  /** The backend's connection may serve another request after this one. */
  keepAlive = false
  /** What `Keep-Alive: timeout=N` promises, in seconds; -1 for nothing. */
  keepAliveTimeoutS = -1
  hasDate = false
  /**
   * Transfer-Encoding says chunked. With framing NONE (a response to HEAD) it goes on to an
   * HTTP/1.1 client by the writer's `chunked`: without it, and without a length, Node's client
   * would not use the connection again.
   */
  coded = false
  /** The protocol a 101 switches to, in lower case. */
  upgrade = ''

  constructor(options: ResponseHeadOptions = {}) {
    const { headLimitBytes = 16_384, fieldsLimit = 100 } = options
    this.fields = new FieldLines(responseFaults, { limitBytes: headLimitBytes, fieldsLimit })
    this.#limitBytes = headLimitBytes
  }

  /** A response before the final one; another head follows, unless it is a 101. */
  get interim(): boolean {
    return this.status < 200
  }

  /** Makes ready for the next response, to a HEAD request or to another. */
  reset(request: 'HEAD' | 'other'): void {
    this.toHead = request === 'HEAD'
    this.hop.reset()
    this.#lineRead = false
    this.#scanned = 0
    this.fault = null
    this.end = 0
    this.status = 0
    this.keepAlive = false
    this.keepAliveTimeoutS = -1
    this.upgrade = ''
  }

  /** Reads the head that begins at `start`; as `RequestHead.parse`. */
  parse(bytes: Buffer, start: number, end: number): Result {
    this.start = start
    const stop = Math.min(end, start + this.#limitBytes)
    if (!this.#lineRead) {
      const result = this.#readLine(bytes, stop)
      if (result !== DONE) return result
      this.#lineRead = true
      this.fields.reset(this.reasonTo + 2)
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

  // `HTTP/1.1 200 OK`. A missing SP before an empty reason is let pass: nothing about it is
  // ambiguous.
  #readLine(bytes: Buffer, stop: number): Result {
    const { start } = this
    for (let i = 0; i < prefix.length && start + i < stop; i++) {
      if (bytes[start + i] !== prefix[i]) return this.#refuse(responseFaults.statusLine)
    }
    if (!hasLineFeed(bytes, start + this.#scanned, stop)) {
      this.#scanned = stop - start
      return this.#scanned < this.#limitBytes ? MORE : this.#refuse(responseFaults.headTooLarge)
    }
    const minor = bytes[start + 7]! - 0x30
    const status = statusAt(bytes, start + 8)
    let i = start + 12
    if (bytes[i] === SP) i++
    else if (bytes[i] !== CR && bytes[i] !== LF) return this.#refuse(responseFaults.statusLine)
    if ((minor !== 0 && minor !== 1) || status === -1) {
      return this.#refuse(responseFaults.statusLine)
    }
    this.reasonFrom = i - start
    while (VALUE[bytes[i]!] === 1) i++
    if (bytes[i] === LF) return this.#refuse(responseFaults.bareLf)
    if (bytes[i] !== CR) return this.#refuse(responseFaults.statusLine)
    if (bytes[i + 1] !== LF) return this.#refuse(responseFaults.bareCr)
    this.reasonTo = i - start
    this.minor = minor
    this.status = status
    return DONE
  }

  #finish(bytes: Buffer): Fault | null {
    const { fields, hop, minor, start, status } = this
    const fault = hop.read(fields, bytes, start) ?? this.#body.read(fields, bytes, start, minor)
    if (fault !== null) return fault
    this.contentLength = this.#body.contentLength
    this.lengthRewritten = this.#body.rewritten
    this.coded = this.#body.kind === Framing.CHUNKED
    this.framing = this.#bodyKind()
    // RFC 9110 8.6, RFC 9112 6.1: neither field belongs in a 1xx or 204.
    if (status < 200 || status === noContent) fields.leaveOutAll(Kind.CONTENT_LENGTH)
    const date = fields.find(Kind.DATE)
    this.hasDate = date !== -1 && !fields.leftOut(date)
    const persistent = minor === 1 || hop.keepAlive
    this.keepAlive = persistent && !hop.close && this.framing !== Framing.CLOSE && status !== 101
    this.keepAliveTimeoutS = this.#readTimeout(bytes)
    return status === 101 ? this.#readUpgrade(bytes) : null
  }

  // RFC 9112 6.3: the method and the status first.
  #bodyKind(): Framing {
    const { status } = this
    if (this.toHead || status < 200) return Framing.NONE
    if (status === noContent || status === notModified) return Framing.NONE
    return this.#body.kind === Framing.NONE ? Framing.CLOSE : this.#body.kind
  }

  #readTimeout(bytes: Buffer): number {
    const { fields, start } = this
    const index = fields.find(Kind.KEEP_ALIVE)
    if (index === -1) return -1
    const from = start + fields.valueFrom(index)
    const to = start + fields.valueTo(index)
    for (let i = from; i + timeout.length < to; i++) {
      const begins = i === from || bytes[i - 1] === COMMA || isBlank(bytes[i - 1])
      if (!begins || !matches(bytes, i, timeout)) continue
      const digits = i + timeout.length
      let end = digits
      while (end < to && isDigit(bytes[end])) end++
      return decimal(bytes, digits, end)
    }
    return -1
  }

  #readUpgrade(bytes: Buffer): Fault | null {
    const { fields, start } = this
    const index = fields.find(Kind.UPGRADE)
    if (index === -1 || !this.hop.upgrade) return responseFaults.switching
    if ((fields.twice & (1 << Kind.UPGRADE)) !== 0) return responseFaults.switching
    this.upgrade = fields.lowerText(bytes, start, index)
    fields.keep(index)
    return this.upgrade === '' ? responseFaults.switching : null
  }
}

/** Says whether a 101 switches to protocols that were all `offered`. RFC 9110 7.8 */
export function isOffered(offered: string, chosen: string): boolean {
  const offers = offered.split(',').map((protocol) => protocol.trim())
  return chosen !== '' && chosen.split(',').every((protocol) => offers.includes(protocol.trim()))
}

// Three digits between spaces, 100 to 599; -1 for anything else.
function statusAt(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== SP) return -1
  let status = 0
  for (let i = at + 1; i < at + 4; i++) {
    if (!isDigit(bytes[i])) return -1
    status = status * 10 + bytes[i]! - 0x30
  }
  return status >= 100 && status <= 599 ? status : -1
}
