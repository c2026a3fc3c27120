/**
 * The request target and the host: which form it has, and whether `host[:port]` is one.
 *
 * @see RFC 9112 3.2 (forms of a target), RFC 3986 3.2 (authority), RFC 9110 4.2.4 (user
 * information)
 */
import { COLON, HEX, HOST, isDigit, matches, SLASH } from './http1-chars.ts'
import type { Fault, Faults } from './http1-faults.ts'

/** The form of a request target. */
export const Form = {
  /** `/path?query` */
  ORIGIN: 0,
  /** `http://host/path?query` */
  ABSOLUTE: 1,
  /** `*`, for OPTIONS */
  ASTERISK: 2,
  /** `host:port`, for CONNECT */
  AUTHORITY: 3,
} as const
export type Form = (typeof Form)[keyof typeof Form]

const http = new TextEncoder().encode('http://')
const https = new TextEncoder().encode('https://')
const AT = 0x40
const PERCENT = 0x25
const QUESTION = 0x3f
const OPEN = 0x5b
const CLOSE = 0x5d
const DOT = 0x2e

/**
 * Where the authority of an absolute-form target begins; -1 when its scheme is not http or https.
 */
export function authorityStart(bytes: Uint8Array, from: number, to: number): number {
  if (to - from > http.length && matches(bytes, from, http)) return from + http.length
  if (to - from > https.length && matches(bytes, from, https)) return from + https.length
  return -1
}

/** Where the authority that begins at `from` ends. */
export function authorityEnd(bytes: Uint8Array, from: number, to: number): number {
  let i = from
  while (i < to && bytes[i] !== SLASH && bytes[i] !== QUESTION) i++
  return i
}

/** Checks the authority of an absolute-form target. */
export function authorityFault(
  bytes: Uint8Array,
  from: number,
  to: number,
  faults: Faults,
): Fault | null {
  for (let i = from; i < to; i++) if (bytes[i] === AT) return faults.userinfo
  return isHost(bytes, from, to) ? null : faults.host
}

/** Says whether the range is a host with a port that is not empty, as CONNECT wants it. */
export function isHostAndPort(bytes: Uint8Array, from: number, to: number): boolean {
  return isHost(bytes, from, to) && isDigit(bytes[to - 1]) && hostEnd(bytes, from, to) < to
}

/** Says whether the range is `host` or `host:port`; the host is not empty, the port may be. */
export function isHost(bytes: Uint8Array, from: number, to: number): boolean {
  const end = hostEnd(bytes, from, to)
  return end > from && (end === to || isPort(bytes, end, to))
}

// The end of the name or address; -1 when it is none.
function hostEnd(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[from] === OPEN && from < to) return literalEnd(bytes, from, to)
  let i = from
  for (; i < to; i++) {
    const byte = bytes[i]!
    if (HOST[byte] === 0) break
    if (byte === PERCENT && (i + 2 >= to || notHex(bytes[i + 1]!) || notHex(bytes[i + 2]!)))
      return -1
  }
  return i
}

// `:` and up to five digits, at most 65535.
function isPort(bytes: Uint8Array, colon: number, to: number): boolean {
  if (bytes[colon] !== COLON || to - colon > 6) return false
  let port = 0
  for (let i = colon + 1; i < to; i++) {
    if (!isDigit(bytes[i])) return false
    port = port * 10 + bytes[i]! - 0x30
  }
  return port <= 65_535
}

function literalEnd(bytes: Uint8Array, from: number, to: number): number {
  let close = from + 1
  while (close < to && bytes[close] !== CLOSE) close++
  if (close === to) return -1
  return isIPv6(bytes, from + 1, close) ? close + 1 : -1
}

// RFC 3986 3.2.2: eight groups of one to four hex digits; `::` once, for one or more of them; the
// last two may be an IPv4 address. IPvFuture was never used and is refused.
function isIPv6(bytes: Uint8Array, from: number, to: number): boolean {
  let groups = 0
  let gap = false
  let i = from
  if (bytes[i] === COLON && bytes[i + 1] !== COLON) return false
  while (i < to) {
    if (bytes[i] === COLON) {
      if (gap || bytes[i + 1] !== COLON || i + 1 >= to) return false
      gap = true
      i += 2
      continue
    }
    const group = i
    while (i < to && i - group < 4 && !notHex(bytes[i]!)) i++
    if (i === group) return false
    if (bytes[i] === DOT && i < to) return isIPv4(bytes, group, to) && fits(groups + 2, gap)
    groups++
    if (i === to) break
    if (bytes[i] !== COLON || i + 1 === to) return false
    if (bytes[i + 1] !== COLON) i++
  }
  return fits(groups, gap)
}

function fits(groups: number, gap: boolean): boolean {
  return gap ? groups < 8 : groups === 8
}

function isIPv4(bytes: Uint8Array, from: number, to: number): boolean {
  let parts = 0
  let i = from
  while (i < to) {
    const part = i
    let value = 0
    while (i < to && i - part < 3 && isDigit(bytes[i])) value = value * 10 + bytes[i++]! - 0x30
    if (i === part || value > 255 || (bytes[part] === 0x30 && i - part > 1)) return false
    parts++
    if (i === to) break
    if (bytes[i++] !== DOT || i === to) return false
  }
  return parts === 4
}

function notHex(byte: number): boolean {
  return HEX[byte] === 255
}
