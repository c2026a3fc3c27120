/**
 * The members that tell what a message is. `misspelled` is what some libraries take for one of them: in other
 * cases, such as `ID` (Go and .NET do not mind), or with a NUL behind it (where C ends a string).
 */
export type MemberName = 'id' | 'method' | 'result' | 'error' | 'misspelled' | 'other'

const backslash = 0x5c
const nameLettersMax = 'method'.length

/**
 * Which member the name between `from` and `to` is, its quotes left out. It may be written with escapes, such as
 * `\u0069d`; it has been found to be valid JSON before.
 */
export function memberName(line: Buffer, from: number, to: number): MemberName {
  for (let at = from; at < to; at++) {
    if (line[at] === backslash) return unescapedName(line, from, to)
  }
  return plainName(line, from, to)
}

/** Undoes as many escapes as the longest name has letters, so a long name costs no more. */
function unescapedName(line: Buffer, from: number, to: number): MemberName {
  const letters = Buffer.allocUnsafe(nameLettersMax + 1)
  let count = 0
  let at = from
  while (at < to && count < letters.length) {
    let code = line[at]!
    if (code !== backslash) at++
    else {
      // The short escapes, such as `\n`, stand for no letter.
      if (line[at + 1] !== 0x75) return 'other'
      code = hexCode(line, at + 2)
      at += 6
    }
    if (code > 0x7f) return 'other'
    if (code === 0) return plainName(letters, 0, count) === 'other' ? 'other' : 'misspelled'
    letters[count++] = code
  }
  return plainName(letters, 0, count)
}

/** The value of four hexadecimal digits. */
function hexCode(bytes: Buffer, from: number): number {
  let code = 0
  for (let at = from; at < from + 4; at++) {
    const byte = bytes[at]!
    code = code * 16 + (byte & 0xf) + (byte > 0x39 ? 9 : 0)
  }
  return code
}

function plainName(bytes: Buffer, from: number, to: number): MemberName {
  const name = candidate(bytes, from, to)
  if (name === 'other') return name
  let isExact = true
  for (let nth = 0; nth < name.length; nth++) {
    const byte = bytes[from + nth]!
    const letter = name.charCodeAt(nth)
    if ((byte | 0x20) !== letter) return 'other'
    if (byte !== letter) isExact = false
  }
  return isExact ? name : 'misspelled'
}

/** The only name it can be, by its length and first letter. */
function candidate(bytes: Buffer, from: number, to: number): Exclude<MemberName, 'misspelled'> {
  const length = to - from
  if (length === 2) return 'id'
  if (length === 5) return 'error'
  if (length !== 6) return 'other'
  return (bytes[from]! | 0x20) === 0x6d ? 'method' : 'result'
}
