/** Arithmetic on binary fractions: the integer `x` with `bits` bits stands for `x / 2^bits`. */

const SEED_BITS = 48

/**
 * 1/√n with `bits` bits, less than 2⁸ units off.
 *
 * Newton's iteration x + x(1 − n x²)/2 doubles the right bits and only multiplies: three times as fast as
 * an integer square root.
 */
export function inverseSquareRoot(n: number, bits: number): bigint {
  let x = BigInt(Math.round(2 ** SEED_BITS / Math.sqrt(n)))
  let have = SEED_BITS
  for (const want of schedule(bits)) {
    // x² has 2·have bits; the error 1 − n x² is about 2^−have, so the bits below 2^−want tell nothing.
    const error = (1n << BigInt(2 * have)) - BigInt(n) * (x * x)
    const step = (x * (error >> BigInt(2 * have - want))) >> BigInt(have + 1)
    x = (x << BigInt(want - have)) + step
    have = want
  }
  return have > bits ? x >> BigInt(have - bits) : x
}

/** Precisions to pass through, each less than twice the one before, up to `bits`. */
function schedule(bits: number): number[] {
  const steps: number[] = []
  for (let want = bits; want > SEED_BITS; want = Math.ceil(want / 2) + 8) {
    steps.unshift(want)
    if (want <= 2 * SEED_BITS - 16) break
  }
  return steps
}
