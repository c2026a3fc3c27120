/** What a table says about many samples. Pure. */

/** The middle of the sorted values, or the mean of the two in the middle; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length % 2 === 1) return sorted[middle]!
  return sorted.length === 0 ? Number.NaN : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The least value that this share of them does not exceed; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** Three significant digits, never an exponent: `0.394`, `14.3`, `1075`, `51 200`. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  const decimals = size === 0 || size >= 100 ? 0 : Math.min(2 - Math.floor(Math.log10(size)), 4)
  const text = value.toFixed(decimals)
  return size >= 10_000 ? text.replace(/\B(?=(\d{3})+$)/g, ' ') : text
}

/** `14.3 (13.9–14.8)`: the median and how far the rounds lie apart. */
export function spread(values: readonly number[]): string {
  if (Number.isNaN(median(values))) return '–'
  const range = `${figure(Math.min(...values))}–${figure(Math.max(...values))}`
  return `${figure(median(values))} (${range})`
}

/** Median over median, two decimals; a dash when one of them is missing. */
export function ratio(values: readonly number[], peer: readonly number[]): string {
  const quotient = median(values) / median(peer)
  return Number.isFinite(quotient) ? quotient.toFixed(2) : '–'
}
