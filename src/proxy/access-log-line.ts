/** No line is longer: what peers say is cut before it is told. */
export const lineMaxBytes: number = 96 * 1_024

const quote = 0x22
const backslash = 0x5c
const zero = 0x30
const point = 0x2e
const letterU = 0x75
const hexDigits = Buffer.from('0123456789abcdef')

/** Which bytes stand for themselves between the quotes of JSON, in printable ASCII. */
const plain = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f && byte !== quote && byte !== backslash ? 1 : 0,
)

/** Up to here a loop is quicker than a call out of JavaScript. */
const loopMaxBytes = 32

/**
 * Writes lines one behind the other into a buffer: most of what is told is bytes that are there already, so no
 * text is made of them on the way.
 *
 * Who writes a line sees to it that `lineMaxBytes` are left.
 */
export class LineWriter {
  bytes: Buffer
  at = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** Bytes that are ready to be told. */
  fixed(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.at)
    this.at += bytes.length
  }

  /** ASCII that is ready to be told. */
  text(text: string): void {
    const { at, bytes } = this
    const { length } = text
    this.at = at + length
    if (length > loopMaxBytes) bytes.write(text, at, 'latin1')
    else for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i)
  }

  /** A whole number from 0. */
  whole(value: number): void {
    if (value < 10) this.bytes[this.at++] = zero + value
    else this.text(String(value))
  }

  /** `12.345` */
  decimals(value: number): void {
    const thousands = Math.round(value * 1_000)
    const whole = Math.floor(thousands / 1_000)
    this.whole(whole)
    this.bytes[this.at++] = point
    this.threeDigits(thousands - whole * 1_000)
  }

  threeDigits(value: number): void {
    const tens = Math.floor(value / 10)
    const hundreds = Math.floor(value / 100)
    this.bytes[this.at++] = zero + hundreds
    this.bytes[this.at++] = zero + tens - hundreds * 10
    this.bytes[this.at++] = zero + value - tens * 10
  }

  /** What `write` writes, as bytes of its own and not in the line. */
  aside(write: () => void): Buffer {
    const { at } = this
    write()
    const written = Buffer.from(this.bytes.subarray(at, this.at))
    this.at = at
    return written
  }

  /** What a peer sent, between the quotes of JSON. */
  peer(raw: Buffer, { from, to }: { readonly from: number; readonly to: number }): void {
    const { bytes } = this
    let { at } = this
    for (let i = from; i < to; i++) {
      const byte = raw[i]!
      if (plain[byte] === 1) bytes[at++] = byte
      else at = escapeByte(bytes, at, byte)
    }
    this.at = at
  }
}

/** `\u00e4`, for the byte e4. @returns where it ends */
function escapeByte(bytes: Buffer, at: number, byte: number): number {
  bytes[at] = backslash
  bytes[at + 1] = letterU
  bytes[at + 2] = zero
  bytes[at + 3] = zero
  bytes[at + 4] = hexDigits[byte >> 4]!
  bytes[at + 5] = hexDigits[byte & 15]!
  return at + 6
}
