/** The methods piloti treats differently; every other token is forwarded as it is. */

export const Method = {
  OTHER: 0,
  GET: 1,
  HEAD: 2,
  OPTIONS: 3,
  TRACE: 4,
  PUT: 5,
  DELETE: 6,
  POST: 7,
  PATCH: 8,
  CONNECT: 9,
} as const
export type Method = (typeof Method)[keyof typeof Method]

const names = Object.entries(Method).filter(([, method]) => method !== Method.OTHER)
const table = names.map(([name, method]) => ({ bytes: new TextEncoder().encode(name), method }))
// Length and first letter tell the known methods apart.
const byShape = new Map(table.map((row) => [shape(row.bytes.length, row.bytes[0]!), row]))

/** The method at `from` … `to`. Methods are case-sensitive. */
export function methodOf(bytes: Uint8Array, from: number, to: number): Method {
  const row = byShape.get(shape(to - from, bytes[from]!))
  if (row === undefined) return Method.OTHER
  for (let i = 0; i < row.bytes.length; i++) {
    if (bytes[from + i] !== row.bytes[i]) return Method.OTHER
  }
  return row.method
}

/** Says whether repeating a request changes nothing. RFC 9110 9.2.2 */
export function isIdempotent(method: Method): boolean {
  return method >= Method.GET && method <= Method.DELETE
}

function shape(length: number, first: number): number {
  return length * 256 + first
}
