/**
 * Arithmetic on binary fractions: the integer `x` with `bits` bits stands for `x / 2^bits`.
 *
 * Both functions are Newton's iteration, which doubles the right bits with every step and only
 * multiplies: an integer square root costs three times as much, a division of integers one and a half.
 *
 * @see Brent, Zimmermann, "Modern Computer Arithmetic" (2010), 4.2.
 */

const SEED_BITS = 48

/** 1/√n with `bits` bits, less than 2⁸ units off. */
export function inverseSquareRoot(n: number, bits: number): bigint {
  const seed = BigInt(Math.round(2 ** SEED_BITS / Math.sqrt(n)))
  return refine(seed, bits, (x, have, want) => {
    const error = (1n << BigInt(2 * have)) - BigInt(n) * (x * x)
    return shift(error, want - 2 * have - 1)
  })
}

/** `n / d` with `bits` bits, less than 2⁸ units off; `n` and `d` have to be about `bits` long. */
export function divide(n: bigint, d: bigint, bits: number): bigint {
  const length = bitLength(d)
  const half = Math.ceil(bits / 2) + 8
  const x = reciprocal(d, length, half)
  // Half of the quotient, and the other half from what that leaves (Karp and Markstein 1997): so the
  // reciprocal is never needed in full.
  const first = (shift(n, half - length) * x) >> BigInt(half)
  const rest = (n << BigInt(half)) - d * first
  const second = (shift(rest, bits - length - half) * x) >> BigInt(half)
  return (first << BigInt(bits - half)) + second
}

/** How many bits a positive number has. */
export function bitLength(x: bigint): number {
  let length = 1
  for (let step = 2 ** 29; step >= 1; step /= 2) {
    const top = x >> BigInt(step)
    if (top === 0n) continue
    x = top
    length += step
  }
  return length
}

/** `x · 2^bits`, rounded down. */
export function shift(x: bigint, bits: number): bigint {
  return bits < 0 ? x >> BigInt(-bits) : x << BigInt(bits)
}

/** 2^length / d. */
function reciprocal(d: bigint, length: number, bits: number): bigint {
  const top = Number(shift(d, 53 - length)) / 2 ** 53
  return refine(BigInt(Math.round(2 ** SEED_BITS / top)), bits, (x, have, want) => {
    const error = (1n << BigInt(have + want)) - shift(d, want - length) * x
    return shift(error, -have)
  })
}

/**
 * Improves `x` from a seed to `bits` bits by x + x · error, where `errorOf` gives the error of an `x` of
 * `have` bits, itself about 2^−have, with `want` bits.
 */
function refine(
  seed: bigint,
  bits: number,
  errorOf: (x: bigint, have: number, want: number) => bigint,
): bigint {
  let x = seed
  let have = SEED_BITS
  for (const want of precisions(bits)) {
    x = (x << BigInt(want - have)) + ((x * errorOf(x, have, want)) >> BigInt(have))
    have = want
  }
  return shift(x, bits - have)
}

/** The precisions to pass through, each a little less than twice the one before, up to `bits`. */
function precisions(bits: number): number[] {
  const steps: number[] = []
  for (let want = bits; want > SEED_BITS; want = Math.ceil(want / 2) + 8) steps.unshift(want)
  return steps
}
