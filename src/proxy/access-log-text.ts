/**
 * What numbers, moments and texts look like in an access log. Whatever a peer sent, the result is printable ASCII
 * without quotes that are not escaped: a line stays a line.
 */

/** A text between the quotes of JSON. */
export function jsonText(text: string): string {
  return isPlain(text) ? text : text.replace(others, (char) => `\\u${hexOf(char, 4)}`)
}

/** A text between the quotes of the formats for people: bytes as nginx and Apache escape them, `\x22`. */
export function plainText(text: string): string {
  if (isPlain(text)) return text
  return text.replace(others, (char) => {
    // What comes from peers is bytes, one a character; names of our own may be more.
    if (char <= '\u00ff') return `\\x${hexOf(char, 2)}`
    return Buffer.from(char)
      .toString('latin1')
      .replace(/./gs, (byte) => `\\x${hexOf(byte, 2)}`)
  })
}

const others = /[^ !#-[\]-~]/g
const isOther = /[^ !#-[\]-~]/

const isPlain = (text: string): boolean => !isOther.test(text)

const hexOf = (char: string, digits: number): string =>
  char.charCodeAt(0).toString(16).padStart(digits, '0')

/** `.000` to `.999`: what three digits cost is looking them up. */
const thousandths = Array.from({ length: 1_000 }, (_, n) => `.${String(n).padStart(3, '0')}`)

/** `12.345`: milliseconds, or seconds, with three digits. */
export function decimals(value: number): string {
  const thousands = Math.round(value * 1_000)
  return Math.floor(thousands / 1_000) + thousandths[thousands % 1_000]!
}

/** Texts of whole seconds, the latest few: arrivals are told out of order, but not by much. */
class Seconds {
  readonly #format: (ms: number) => string
  readonly #known = new Float64Array(kept).fill(-1)
  readonly #texts: string[] = Array.from({ length: kept }, () => '')

  constructor(format: (ms: number) => string) {
    this.#format = format
  }

  text(second: number): string {
    const slot = second % kept
    if (this.#known[slot] !== second) {
      this.#known[slot] = second
      this.#texts[slot] = this.#format(second * 1_000)
    }
    return this.#texts[slot]!
  }
}

const kept = 16

const isoSeconds = new Seconds((ms) => new Date(ms).toISOString().slice(0, 20))

/** `2026-11-20T10:32:07.`, of seconds since 1970. */
export const isoSecond = (second: number): string => isoSeconds.text(second)

/** `2026-11-20T10:32:07.123Z` */
export function isoStamp(ms: number): string {
  const second = Math.floor(ms / 1_000)
  const thousandth = thousandths[Math.floor(ms) - second * 1_000]!
  return `${isoSeconds.text(second)}${thousandth.slice(1)}Z`
}

const monthDays = new Seconds((ms) => {
  const [, day, month, year, time] = /, (\d+) (\w+) (\d+) (\S+)/.exec(new Date(ms).toUTCString())!
  return `${day}/${month}/${year}:${time} +0000`
})

/** `20/Nov/2026:10:32:07 +0000` */
export function apacheStamp(ms: number): string {
  return monthDays.text(Math.floor(ms / 1_000))
}
