/**
 * How many bytes the character at `at` has, whose first byte is 0x80 or above; 0 when it is not valid UTF-8.
 *
 * @see RFC 3629, section 4: overlong forms, surrogates and what is above U+10FFFF are invalid.
 */
export function wideCharBytes(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!
  const width = first < 0xc2 || first > 0xf4 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (width === 0 || at + width > bytes.length) return 0
  const second = bytes[at + 1]!
  const least = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const most = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < least || second > most) return 0
  for (let nth = 2; nth < width; nth++) {
    if ((bytes[at + nth]! & 0xc0) !== 0x80) return 0
  }
  return width
}
