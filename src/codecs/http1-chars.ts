/**
 * Byte classes of HTTP/1.1 as tables, and comparisons on byte ranges without making a string.
 *
 * @see RFC 9110 5.5 and 5.6.2 (field values, tokens), RFC 3986 3.2 (host)
 */

export const HTAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SP = 0x20
export const COMMA = 0x2c
export const SLASH = 0x2f
export const ZERO = 0x30
export const ONE = 0x31
export const COLON = 0x3a
export const SEMICOLON = 0x3b

/** What `TOKEN` holds for an underscore, so that a look-alike name is seen while it is checked. */
export const UNDERSCORE = 2

/** Non-zero for a token character (`tchar`). */
export const TOKEN: Uint8Array = classOf(/[!#$%&'*+.^`|~0-9A-Za-z-]/)
TOKEN['_'.charCodeAt(0)] = UNDERSCORE

/**
 * 1 for what a field value may hold: HTAB, SP, visible characters and obs-text; no other control.
 */
export const VALUE: Uint8Array = classOf(/[\t\x20-\x7e\x80-\xff]/)

/** 1 for what a request target may hold: visible ASCII without the fragment's `#`. */
export const TARGET: Uint8Array = classOf(/[\x21-\x22\x24-\x7e]/)

/** 1 for what a registered name or an IPv4 address may hold; `%` needs two hex digits behind it. */
export const HOST: Uint8Array = classOf(/[A-Za-z0-9._~!$&'()*+,;=%-]/)

/** The value of a hex digit; 255 for any other byte. */
export const HEX: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(byte).toLowerCase())
  return digit < 0 ? 255 : digit
})

/** Says whether a byte is an optional whitespace (SP or HTAB). */
export function isBlank(byte: number | undefined): boolean {
  return byte === SP || byte === HTAB
}

/** Says whether a byte is a decimal digit. */
export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}

/**
 * Says whether `bytes` holds `lower` (lower-case letters, digits, `-`) at `from`, in any casing.
 */
export function matches(bytes: Uint8Array, from: number, lower: Uint8Array): boolean {
  for (let i = 0; i < lower.length; i++) {
    // Exact for letters; for `-` and digits the only other preimage is a control character.
    if ((bytes[from + i]! | 0x20) !== lower[i]) return false
  }
  return true
}

/** Says whether a line feed stands in `from` … `to`. */
export function hasLineFeed(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] === LF) return true
  return false
}

/** Says whether two ranges of `bytes` are equal but for the casing of ASCII letters. */
export function sameText(bytes: Uint8Array, a: Range, b: Range): boolean {
  const length = a.to - a.from
  if (length !== b.to - b.from) return false
  for (let i = 0; i < length; i++) {
    if (lowered(bytes[a.from + i]!) !== lowered(bytes[b.from + i]!)) return false
  }
  return true
}

/** Says whether `from` … `to` is `lower`, a name in small letters, in any casing. */
export function isNamed(bytes: Uint8Array, from: number, to: number, lower: Uint8Array): boolean {
  if (to - from !== lower.length) return false
  for (let i = 0; i < lower.length; i++) if (lowered(bytes[from + i]!) !== lower[i]) return false
  return true
}

/** Says whether `text` can be the name of a field, cookie or method. */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+.^`|~\w-]+$/.test(text)
}

/** Lowers an ASCII capital and leaves every other byte. */
export function lowered(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}

/** Bytes `from` … `to`, `to` excluded. */
export interface Range {
  readonly from: number
  readonly to: number
}

/**
 * Reads a decimal number of 1 to 15 digits; -1 for anything else. RFC 9110 8.6: no sign, no
 * overflow.
 */
export function decimal(bytes: Uint8Array, from: number, to: number): number {
  if (to === from || to - from > 15) return -1
  let value = 0
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - 0x30
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

function classOf(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) =>
    pattern.test(String.fromCharCode(byte)) ? 1 : 0,
  )
}
