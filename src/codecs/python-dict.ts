/** Why what came is not the text of a dict. */
export type DictFault = 'is no dict' | 'is longer than a message may be'

const nothing = Buffer.alloc(0)
const [brace, closingBrace, quote, doubleQuote, backslash] = Buffer.from('{}\'"\\')
const blanks: ReadonlySet<number> = new Set(Buffer.from(' \t\r\n'))

/**
 * Finds the end of a dict in Python's notation, which arrives cut anyhow and has no other end.
 *
 * Braces are counted, those in strings left out; what stands between them is not judged.
 */
export class DictReader {
  readonly #limitBytes: number
  /** What came before, and how much of this that is. */
  #part: Buffer = nothing
  #partBytes = 0
  #depth = 0
  /** The quote that ends the string; 0 outside of strings. */
  #string = 0
  #isEscaped = false

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /**
   * Takes the next bytes, and keeps a copy of what it needs of them. Not to be called after anything but
   * `undefined`.
   *
   * @returns the whole text from brace to brace, a view of `chunk` where it lies in one; undefined until
   *   its end has come. What comes behind it is left out.
   */
  push(chunk: Buffer): Buffer | DictFault | undefined {
    const from = this.#depth === 0 ? firstOf(chunk) : 0
    if (from === chunk.length) return undefined
    if (this.#depth === 0 && chunk[from] !== brace) return 'is no dict'
    const end = this.#endIn(chunk, from)
    const length = this.#partBytes + (end ?? chunk.length) - from
    if (length > this.#limitBytes) return 'is longer than a message may be'
    const piece = chunk.subarray(from, end)
    if (end !== undefined && this.#partBytes === 0) return piece
    this.#append(piece)
    return end === undefined ? undefined : this.#part.subarray(0, this.#partBytes)
  }

  /** Where the dict ends; undefined when it goes on in the next chunk. */
  #endIn(chunk: Buffer, from: number): number | undefined {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at]!
      if (this.#string !== 0) this.#within(byte)
      else if (byte === quote || byte === doubleQuote) this.#string = byte
      else if (byte === brace) this.#depth++
      else if (byte === closingBrace && --this.#depth === 0) return at + 1
    }
    return undefined
  }

  #append(piece: Buffer): void {
    const length = this.#partBytes + piece.length
    if (length > this.#part.length) {
      const grown = Buffer.allocUnsafe(Math.max(length, 2 * this.#part.length))
      this.#part.copy(grown, 0, 0, this.#partBytes)
      this.#part = grown
    }
    piece.copy(this.#part, this.#partBytes)
    this.#partBytes = length
  }

  #within(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false
    else if (byte === backslash) this.#isEscaped = true
    else if (byte === this.#string) this.#string = 0
  }
}

function firstOf(chunk: Buffer): number {
  let at = 0
  while (at < chunk.length && blanks.has(chunk[at]!)) at++
  return at
}

/** A text in Python's notation, as its `ascii()` writes it. */
export function pythonText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replace(/[^\x20-\x7e]|[\\']/gu, (char) => {
    if (char === "'") return quote === "'" ? "\\'" : char
    return short[char] ?? escape(char.codePointAt(0)!)
  })
  return `${quote}${escaped}${quote}`
}

/** A number that Python knows as a float: it has a point. For sizes that need no exponent. */
export function pythonFloat(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

const short: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

function escape(code: number): string {
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
