import { printable } from '../base/printable.ts'

/** Letters of one column each; what else a name holds is shown by its code. */
const odd =
  /[^\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0373\u0376\u0377\u037b-\u03ff\u0400-\u0482\u048a-\u052f→─…▁-█]/gu

/** A text in which each character takes one column, and none moves the cursor. */
export function plain(text: string): string {
  return printable(text).replace(odd, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`)
}

/** Cuts a plain text to `width` columns, and says that it has. */
export function cut(text: string, width: number): string {
  if (text.length <= width) return text
  return width <= 0 ? '' : `${text.slice(0, width - 1)}…`
}

export function left(text: string, width: number): string {
  return cut(text, width).padEnd(width)
}

export function right(text: string, width: number): string {
  return cut(text, width).padStart(width)
}

/** A number from 0 in at most five characters: `0.25`, `12.3`, `4321`, `12.3k`, `4.5M`. */
export function short(value: number): string {
  if (!(value > 0)) return '0'
  if (value < 0.005) return '~0'
  if (value < 9.995) return String(Math.round(value * 100) / 100)
  if (value < 99.95) return String(Math.round(value * 10) / 10)
  if (value < 9_999.5) return String(Math.round(value))
  for (const [unit, size] of units) {
    if (value < size * 999.5) return `${Number((value / size).toPrecision(3))}${unit}`
  }
  return 'many'
}

const units = [
  ['k', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
] as const

/** Bars of the last values, as high as their share of `most`. */
export function sparkline(values: readonly number[], most: number, width: number): string {
  const last = width <= 0 ? [] : values.slice(-width)
  return last
    .map((value) => bar(value, most))
    .join('')
    .padStart(Math.max(width, 0))
}

const bars = '▁▂▃▄▅▆▇█'

function bar(value: number, most: number): string {
  if (!(value > 0) || !(most > 0)) return ' '
  return bars[Math.min(Math.floor((value / most) * bars.length), bars.length - 1)]!
}
