/**
 * Where a body ends, by Content-Length and Transfer-Encoding alone and never by the method.
 *
 * Stricter than the RFC allows: whatever two parsers could read differently is refused.
 *
 * @see RFC 9112 6.1 to 6.3
 */
import { decimal, matches, SP, ZERO } from './http1-chars.ts'
import type { Fault } from './http1-faults.ts'
import type { FieldLines } from './http1-fields.ts'
import { Kind } from './http1-names.ts'

/** How the end of a body is found. */
export const Framing = {
  /** There is no body. */
  NONE: 0,
  /** After `contentLength` bytes. */
  LENGTH: 1,
  /** With the last chunk. */
  CHUNKED: 2,
  /** With the connection (responses only). */
  CLOSE: 3,
} as const
export type Framing = (typeof Framing)[keyof typeof Framing]

const chunked = new TextEncoder().encode('chunked')
const known = new Set(['gzip', 'x-gzip', 'deflate', 'compress', 'x-compress'])

export class BodyFraming {
  kind: Framing = Framing.NONE
  /** Bytes; -1 without a Content-Length. */
  contentLength = -1
  /** The line of Content-Length is left out, for the writer to put it in plain form. */
  rewritten = false

  /** Reads both fields. A head with neither gives NONE. */
  read(fields: FieldLines, bytes: Buffer, start: number, minor: number): Fault | null {
    this.kind = Framing.NONE
    this.contentLength = -1
    this.rewritten = false
    const { faults } = fields
    const length = fields.find(Kind.CONTENT_LENGTH)
    const coding = fields.find(Kind.TRANSFER_ENCODING)
    if (coding !== -1) {
      if (minor === 0) return faults.codingInOld
      if (length !== -1) return faults.lengthAndCoding
      this.kind = Framing.CHUNKED
      return codingFault(fields, bytes, start, coding)
    }
    if (length === -1) return null
    if ((fields.twice & (1 << Kind.CONTENT_LENGTH)) !== 0) return faults.lengthTwice
    this.kind = Framing.LENGTH
    const from = start + fields.valueFrom(length)
    this.contentLength = decimal(bytes, from, start + fields.valueTo(length))
    if (this.contentLength === -1) return faults.length
    if (!isPlain(fields, bytes, start, length)) {
      this.rewritten = true
      fields.leaveOut(length)
    }
    return null
  }
}

// Parsers differ in which blanks they take away and some read a leading zero as octal
// (CVE-2019-18802), so what is not `Content-Length: 5` is sent on as that.
function isPlain(fields: FieldLines, bytes: Buffer, start: number, line: number): boolean {
  const from = fields.valueFrom(line)
  const to = fields.valueTo(line)
  const blanks = from - fields.nameTo(line) - 1
  if (blanks > 1 || (blanks === 1 && bytes[start + from - 1] !== SP)) return false
  if (fields.lineStart(line + 1) - to !== 2) return false
  return to - from === 1 || bytes[start + from] !== ZERO
}

function codingFault(fields: FieldLines, bytes: Buffer, start: number, line: number): Fault | null {
  const { faults } = fields
  if ((fields.twice & (1 << Kind.TRANSFER_ENCODING)) !== 0) return faults.coding
  const from = start + fields.valueFrom(line)
  const to = start + fields.valueTo(line)
  if (to - from === chunked.length && matches(bytes, from, chunked)) return null
  return isKnownList(bytes, from, to) ? faults.codingUnknown : faults.coding
}

// RFC 9112 6.3: a request whose final coding is not chunked is a 400, also where the coding is
// known.
function isKnownList(bytes: Buffer, from: number, to: number): boolean {
  const list = bytes.toString('latin1', from, to).toLowerCase().split(',')
  const last = list.pop()?.trim()
  return last === 'chunked' && list.length > 0 && list.every((coding) => known.has(coding.trim()))
}
