/**
 * The members that tell what a message is. `misspelled` is what some libraries take for one of them: in other
 * cases, such as `ID` (Go and .NET do not mind), or with a NUL behind it (where C ends a string).
 */
export type MemberName = 'id' | 'method' | 'result' | 'error' | 'misspelled' | 'other'

const backslash = 0x5c

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

function unescapedName(line: Buffer, from: number, to: number): MemberName {
  const name: unknown = JSON.parse(line.toString('utf8', from - 1, to + 1))
  const bytes = Buffer.from(String(name))
  const end = bytes.indexOf(0)
  if (end === -1) return plainName(bytes, 0, bytes.length)
  return plainName(bytes, 0, end) === 'other' ? 'other' : 'misspelled'
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
