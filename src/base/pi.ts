import { decimals } from './pi/decimal.ts'
import { bitLength, divide, divideByRoot, shift } from './pi/fixed-point.ts'
import { sumSeries } from './pi/series.ts'

/** Bits to work with beyond those of the result: all errors together stay below 2²⁴ of these units. */
const spareBits = 32
const errorMax = 1n << 24n
/** π = 426880 · √10005 · Q / T, and √10005 = 10005 / √10005, of which this is the whole part. */
const factor = 4_270_934_400n

/**
 * π with `digits` digits after the point, truncated: `'3'`, `'3.1'`, `'3.14'`, …
 *
 * Chudnovsky's series on BigInt; the time is O(n log³ n). One million digits take
 * about a second, so call it with more than a few thousand on a worker thread.
 */
export function piDigits(digits: number): string {
  return digits === 0 ? '3' : `3.${decimals(digits, piFraction)}`
}

/** (π − 3) · 2^bits, up to 2 units too small and never too large. */
function piFraction(bits: number): bigint {
  const work = bits + spareBits
  const { q, t, twos } = sumSeries(work)
  // Both are about twice as long as `work`: what is below tells nothing.
  const excess = Math.max(0, bitLength(t) - work - spareBits)
  const numerator = divideByRoot(shift(q, twos - excess) * factor, 10_005, work)
  const pi = divide(numerator, shift(t, -excess), work)
  return BigInt.asUintN(bits, (pi - errorMax) >> BigInt(spareBits))
}
