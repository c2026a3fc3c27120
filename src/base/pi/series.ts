/**
 * The Chudnovsky series, summed by binary splitting.
 *
 *     1/π = 12 Σ (−1)^k (6k)! (A + Bk) / ((3k)! (k!)³ 640320^(3k+3/2))
 *
 * A range of terms is three integers: P and Q, the products of the numerators and of the denominators of
 * its ratios, and T, the numerator of its sum over Q. Each term gives 47 bits, so 14.18 digits.
 *
 * @see Haible, Papanikolaou, "Fast multiprecision evaluation of series of rational numbers" (1998).
 */

import { bitLength } from './fixed-point.ts'

export interface Sum {
  /** The denominator, without its power of two. */
  readonly q: bigint
  readonly t: bigint
  /** The power of two that `q` lacks. */
  readonly twos: number
}

const A = 13_591_409
const B = 545_140_134
/** 640320³ / 24 / 2¹⁵: odd, so the power of two is a shift and not a factor to multiply by. */
const C = 333_833_583_375n
const C_TWOS = 15
const bitsPerTerm = 47.11
const leafTerms = 8
/** A term is up to 2²⁵ times what its 47 bits say, for the factor A + Bk; each of the levels rounds once. */
const marginBits = 64

interface Range extends Sum {
  readonly p: bigint
}

/**
 * Sums as many terms as `bits` bits need: the series without its factor is `t / (q · 2^twos)`. Of `t` the
 * first `bits` bits are right.
 */
export function sumSeries(bits: number): Sum {
  const end = Math.floor(bits / bitsPerTerm) + 2
  const { q, t, twos } = split(1, end)
  return { q, t: ((q * BigInt(A)) << BigInt(twos)) + t, twos }

  /** Terms `first` up to `last`, exclusive. A range at the end is not followed by any: it needs no P. */
  function split(first: number, last: number): Range {
    if (last - first <= leafTerms) return leaf(first, last)
    const middle = Math.floor((first + last) / 2)
    const left = split(first, middle)
    const right = split(middle, last)
    const q = left.q * right.q
    const twos = left.twos + right.twos
    const t = (left.t * right.q) << BigInt(right.twos)
    if (last < end) return { p: left.p * right.p, q, t: t + left.p * right.t, twos }
    // The later its terms, the fewer bits of the whole sum can a range at the end still change.
    const matter = Math.max(0, Math.ceil(bits - (middle - 1) * bitsPerTerm)) + marginBits
    const drop = BigInt(Math.max(0, bitLength(abs(right.t)) - matter))
    return { p: 0n, q, t: t + ((left.p * (right.t >> drop)) << drop), twos }
  }
}

const abs = (x: bigint): bigint => (x < 0n ? -x : x)

function leaf(first: number, last: number): Range {
  let p = 1n
  let q = 1n
  let t = 0n
  let twos = 0
  for (let k = first; k < last; k++) {
    const shift = Math.clz32(0) - 1 - Math.clz32(k & -k)
    const odd = k >>> shift
    // Each factor is a safe integer for k < 10⁷, which is up to 140 million digits.
    const pk = BigInt((6 * k - 5) * (2 * k - 1)) * BigInt(6 * k - 1)
    const qk = BigInt(odd * odd) * BigInt(odd) * C
    const termTwos = C_TWOS + 3 * shift
    p *= pk
    q *= qk
    t = (t * qk) << BigInt(termTwos)
    const summand = p * BigInt(A + B * k)
    t = k % 2 === 0 ? t + summand : t - summand
    twos += termTwos
  }
  return { p, q, t, twos }
}
