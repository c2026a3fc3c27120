import { quotientDigitsMax, type Result } from './protocol.ts'

/**
 * `a / b` as a decimal and as a reduced fraction.
 *
 * The decimal is exact where it ends within `quotientDigitsMax` digits; otherwise it has that many, and
 * the last one is rounded, a half away from zero. Zeros right after the point of `0.00…` do not count.
 */
export function quotient(a: bigint, b: bigint): Result {
  const isNegative = a < 0n !== b < 0n && a !== 0n
  const divisor = gcd(abs(a), abs(b))
  const n = abs(a) / divisor
  const d = abs(b) / divisor
  const sign = isNegative ? '-' : ''
  if (d === 1n) return { value: `${sign}${n}` }
  return { value: `${sign}${decimal(n, d)}`, fraction: `${sign}${n}/${d}` }
}

function decimal(n: bigint, d: bigint): string {
  const places = placesFor(n, d)
  const scaled = n * 10n ** BigInt(places)
  const isExact = scaled % d === 0n
  const units = (scaled + d / 2n) / d // Exact ones stay: half of a divisor adds less than one.
  const digits = units.toString().padStart(places + 1, '0')
  const whole = digits.slice(0, -places)
  const part = digits.slice(-places)
  return `${whole}.${isExact ? part.replace(/0+$/, '') : part}`
}

/** Digits after the point: more, by the zeros it begins with, for what is below 1. */
function placesFor(n: bigint, d: bigint): number {
  if (n > d) return quotientDigitsMax
  const more = d.toString().length - n.toString().length
  const first = n * 10n ** BigInt(more) >= d ? more : more + 1
  return first - 1 + quotientDigitsMax
}

const abs = (x: bigint): bigint => (x < 0n ? -x : x)

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}
