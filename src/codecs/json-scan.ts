import { wideCharBytes } from './utf8.ts'

/**
 * A strict recogniser of JSON (RFC 8259) that stands in one line: it finds where a value ends, and builds nothing.
 *
 * Each function takes the place where its thing begins and returns the place behind it; a negative number is
 * a fault: `tooDeep`, `notUtf8`, or `~at` with the place of the byte that cannot stand there.
 */

/** The fault of a value that is nested deeper than it may be. */
export const tooDeep: number = -0x40000000

/** The fault of a string whose bytes are not UTF-8. */
export const notUtf8: number = tooDeep + 1

/**
 * Skips spaces and tabs. The other two blanks of RFC 8259, `\r` and `\n`, are refused as faults: a peer may
 * take either for the end of the line, and would then read two messages where this side saw one.
 */
export function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++
  return at
}

/** Skips any value; `depth` says how many levels of objects and arrays it may have. */
export function skipValue(bytes: Uint8Array, at: number, depth: number): number {
  if (at >= bytes.length) return ~at
  switch (bytes[at]) {
    case 0x22:
      return skipString(bytes, at)
    case 0x7b:
      return depth > 0 ? skipObject(bytes, at, depth - 1) : tooDeep
    case 0x5b:
      return depth > 0 ? skipArray(bytes, at, depth - 1) : tooDeep
    case 0x74:
      return skipWord(bytes, at, 'true')
    case 0x66:
      return skipWord(bytes, at, 'false')
    case 0x6e:
      return skipWord(bytes, at, 'null')
    default:
      return skipNumber(bytes, at)
  }
}

/** Skips a string with both its quotes. */
export function skipString(bytes: Uint8Array, from: number): number {
  const { length } = bytes
  if (from >= length || bytes[from] !== 0x22) return ~from
  let at = from + 1
  while (at < length) {
    const byte = bytes[at]!
    if (byte === 0x22) return at + 1
    if (byte < 0x20) return ~at
    if (byte === 0x5c) {
      at = skipEscape(bytes, at)
      if (at < 0) return at
    } else if (byte < 0x80) at++
    else {
      const width = wideCharBytes(bytes, at)
      if (width === 0) return notUtf8
      at += width
    }
  }
  return ~at
}

function skipEscape(bytes: Uint8Array, from: number): number {
  const at = from + 1
  if (at >= bytes.length) return ~at
  switch (bytes[at]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 1
    case 0x75: // u
      break
    default:
      return ~at
  }
  for (let digit = at + 1; digit < at + 5; digit++) {
    if (digit >= bytes.length || !isHex(bytes[digit]!)) return ~digit
  }
  return at + 5
}

function skipObject(bytes: Uint8Array, from: number, depth: number): number {
  let at = skipBlanks(bytes, from + 1)
  if (at < bytes.length && bytes[at] === 0x7d) return at + 1
  for (;;) {
    at = skipString(bytes, at)
    if (at < 0) return at
    at = skipColon(bytes, at)
    if (at < 0) return at
    at = skipValue(bytes, at, depth)
    if (at < 0) return at
    at = skipBlanks(bytes, at)
    if (at >= bytes.length) return ~at
    if (bytes[at] === 0x7d) return at + 1
    if (bytes[at] !== 0x2c) return ~at
    at = skipBlanks(bytes, at + 1)
  }
}

/** Skips the colon between a name and its value, and the blanks around it. */
export function skipColon(bytes: Uint8Array, from: number): number {
  const at = skipBlanks(bytes, from)
  return at < bytes.length && bytes[at] === 0x3a ? skipBlanks(bytes, at + 1) : ~at
}

function skipArray(bytes: Uint8Array, from: number, depth: number): number {
  let at = skipBlanks(bytes, from + 1)
  if (at < bytes.length && bytes[at] === 0x5d) return at + 1
  for (;;) {
    at = skipValue(bytes, at, depth)
    if (at < 0) return at
    at = skipBlanks(bytes, at)
    if (at >= bytes.length) return ~at
    if (bytes[at] === 0x5d) return at + 1
    if (bytes[at] !== 0x2c) return ~at
    at = skipBlanks(bytes, at + 1)
  }
}

function skipWord(bytes: Uint8Array, from: number, word: string): number {
  for (let nth = 1; nth < word.length; nth++) {
    const at = from + nth
    if (at >= bytes.length || bytes[at] !== word.charCodeAt(nth)) return ~at
  }
  return from + word.length
}

function skipNumber(bytes: Uint8Array, from: number): number {
  const { length } = bytes
  let at = bytes[from] === 0x2d ? from + 1 : from
  // A leading zero stands alone.
  at = at < length && bytes[at] === 0x30 ? at + 1 : skipDigits(bytes, at)
  if (at >= 0 && at < length && bytes[at] === 0x2e) at = skipDigits(bytes, at + 1)
  if (at < 0 || at >= length || (bytes[at]! | 0x20) !== 0x65) return at
  at++
  if (at < length && (bytes[at] === 0x2b || bytes[at] === 0x2d)) at++
  return skipDigits(bytes, at)
}

/** Skips digits, of which there must be one. */
function skipDigits(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && isDigit(bytes[at]!)) at++
  return at > from ? at : ~at
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39

const isHex = (byte: number): boolean =>
  isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)
