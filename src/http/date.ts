let second = 0
let line: Buffer = Buffer.alloc(0)

/** The line `Date: …` of this second, with its CRLF. RFC 9110 6.6.1 */
export function dateLine(): Buffer {
  const now = Math.floor(Date.now() / 1_000)
  if (now !== second) {
    second = now
    line = Buffer.from(`Date: ${new Date(now * 1_000).toUTCString()}\r\n`)
  }
  return line
}
