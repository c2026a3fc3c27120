/**
 * The first line of a request: method, target, version, with exactly one space between.
 *
 * @see RFC 9112 3
 */
import { CR, HTAB, hasLineFeed, LF, ONE, SLASH, SP, TARGET, TOKEN, ZERO } from './http1-chars.ts'
import { BAD, DONE, type Fault, MORE, type Result, requestFaults } from './http1-faults.ts'
import { Method, methodOf } from './http1-method.ts'
import {
  authorityEnd,
  authorityFault,
  authorityStart,
  Form,
  isHostAndPort,
} from './http1-target.ts'

const methodLimitBytes = 32
const HASH = 0x23
const ASTERISK = 0x2a
const versionPrefix = new TextEncoder().encode(' HTTP/1.')

export class RequestLine {
  method: Method = Method.OTHER
  form: Form = Form.ORIGIN
  minor = 1
  /** Where the parts are, relative to the start of the message. */
  methodFrom = 0
  methodTo = 0
  targetFrom = 0
  targetTo = 0
  /** Of an absolute-form target; else `targetFrom`. */
  authorityFrom = 0
  /** Where path and query begin. */
  pathFrom = 0
  /** Where the line ends, behind its CRLF. */
  end = 0
  fault: Fault | null = null
  readonly #targetLimitBytes: number
  readonly #headLimitBytes: number
  #scanned = 0

  constructor(targetLimitBytes: number, headLimitBytes: number) {
    this.#targetLimitBytes = targetLimitBytes
    this.#headLimitBytes = headLimitBytes
  }

  reset(): void {
    this.#scanned = 0
    this.fault = null
  }

  /** Reads the line; one CRLF before it is skipped. RFC 9112 2.2 */
  parse(bytes: Uint8Array, start: number, stop: number): Result {
    let from = start
    if (bytes[from] === CR && from < stop) {
      if (from + 1 < stop && bytes[from + 1] !== LF) return this.#fail(requestFaults.bareCr)
      from += 2
    }
    if (from >= stop) return MORE
    // At once, without a line feed: most often TLS on a plain port, and its sender waits for an
    // answer.
    if (TOKEN[bytes[from]!] === 0) return this.#fail(firstByteFault(bytes[from]!))
    const last = Math.min(stop, from + this.#lineLimitBytes())
    if (this.#scanned > 0 && !hasLineFeed(bytes, start + this.#scanned, last)) {
      return this.#wait(start, from, last)
    }
    let i = from
    while (i < last && TOKEN[bytes[i]!] !== 0) i++
    const methodTo = i
    if (i < last && bytes[i] === SP) i++
    const targetFrom = i
    while (i < last && TARGET[bytes[i]!] !== 0) i++
    const targetTo = i
    if (i + 11 > last || targetFrom === methodTo || !this.#isVersion(bytes, i)) {
      return this.#judge(bytes, start, from, last)
    }
    if (methodTo - from > methodLimitBytes) return this.#fail(requestFaults.method)
    if (targetTo - targetFrom > this.#targetLimitBytes) {
      return this.#fail(requestFaults.targetTooLong)
    }
    this.method = methodOf(bytes, from, methodTo)
    this.methodFrom = from - start
    this.methodTo = methodTo - start
    this.targetFrom = targetFrom - start
    this.targetTo = targetTo - start
    this.end = targetTo + 11 - start
    return this.#readTarget(bytes, start)
  }

  #lineLimitBytes(): number {
    return methodLimitBytes + this.#targetLimitBytes + 12
  }

  #isVersion(bytes: Uint8Array, from: number): boolean {
    for (let i = 0; i < versionPrefix.length; i++) {
      if (bytes[from + i] !== versionPrefix[i]) return false
    }
    const minor = bytes[from + 8]
    this.minor = minor === ONE ? 1 : 0
    return (minor === ONE || minor === ZERO) && bytes[from + 9] === CR && bytes[from + 10] === LF
  }

  #readTarget(bytes: Uint8Array, start: number): Result {
    const from = start + this.targetFrom
    const to = start + this.targetTo
    this.form = Form.ORIGIN
    this.authorityFrom = this.targetFrom
    this.pathFrom = this.targetFrom
    if (this.method === Method.CONNECT) {
      this.form = Form.AUTHORITY
      return isHostAndPort(bytes, from, to) ? DONE : this.#fail(requestFaults.authority)
    }
    if (bytes[from] === SLASH) return DONE
    if (bytes[from] === ASTERISK && to - from === 1) {
      this.form = Form.ASTERISK
      return this.method === Method.OPTIONS ? DONE : this.#fail(requestFaults.asterisk)
    }
    this.form = Form.ABSOLUTE
    const authority = authorityStart(bytes, from, to)
    if (authority === -1) return this.#fail(schemeFault(bytes, from, to))
    const path = authorityEnd(bytes, authority, to)
    this.authorityFrom = authority - start
    this.pathFrom = path - start
    const fault = authorityFault(bytes, authority, path, requestFaults)
    return fault === null ? DONE : this.#fail(fault)
  }

  // The line is wrong or not complete.
  #judge(bytes: Uint8Array, start: number, from: number, last: number): Result {
    let lineFeed = from
    while (lineFeed < last && bytes[lineFeed] !== LF) lineFeed++
    if (lineFeed === last) return this.#wait(start, from, last)
    return this.#fail(lineFault(bytes, from, lineFeed, this.#targetLimitBytes))
  }

  #wait(start: number, from: number, last: number): Result {
    this.#scanned = last - start
    const full = last - from === this.#lineLimitBytes() || this.#scanned === this.#headLimitBytes
    return full ? this.#fail(requestFaults.targetTooLong) : MORE
  }

  #fail(fault: Fault): Result {
    this.fault = fault
    return BAD
  }
}

function firstByteFault(byte: number): Fault {
  if (byte === LF) return requestFaults.bareLf
  if (byte === CR) return requestFaults.emptyLine
  return byte === SP || byte === HTAB ? requestFaults.requestLine : requestFaults.method
}

// What is wrong with the line that ends at `lineFeed`.
function lineFault(
  bytes: Uint8Array,
  from: number,
  lineFeed: number,
  targetLimitBytes: number,
): Fault {
  const to = lineFeed - 1
  if (to < from || bytes[to] !== CR) return requestFaults.bareLf
  for (let i = from; i < to; i++) if (bytes[i] === CR) return requestFaults.bareCr
  let i = from
  while (TOKEN[bytes[i]!] !== 0) i++
  if (i - from > methodLimitBytes) return requestFaults.method
  if (bytes[i] !== SP) return i === to ? requestFaults.requestLine : requestFaults.method
  const target = ++i
  while (TARGET[bytes[i]!] !== 0) i++
  if (i - target > targetLimitBytes) return requestFaults.targetTooLong
  if (bytes[i] === HASH) return requestFaults.fragment
  if (i === target || i === to) return requestFaults.requestLine
  if (bytes[i] !== SP) return requestFaults.target
  const version = Buffer.from(bytes.subarray(i + 1, to)).toString('latin1')
  return /^HTTP\/[0-9][0-9.]*$/.test(version) ? requestFaults.version : requestFaults.requestLine
}

function schemeFault(bytes: Uint8Array, from: number, to: number): Fault {
  for (let i = from; i + 2 < to; i++) {
    if (bytes[i] === 0x3a && bytes[i + 1] === SLASH && bytes[i + 2] === SLASH) {
      return requestFaults.scheme
    }
  }
  return requestFaults.target
}
