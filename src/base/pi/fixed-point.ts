/**
 * Arithmetic on binary fractions: the integer `x` with `bits` bits stands for `x / 2^bits`.
 *
 * Both quotients are Newton's iteration, which doubles the right bits with every step and only multiplies:
 * an integer square root costs three times as much, a division of integers one and a half. Its last step
 * is merged with the multiplication that follows, so the inverse is only needed to half of the bits.
 *
 * @see Karp, Markstein, "High-precision division and square root" (1997).
 * @see Brent, Zimmermann, "Modern Computer Arithmetic" (2010), 4.2.
 */

const seedBits = 48

/** `n / d` with `bits` bits, less than 2⁸ units off; `n` and `d` have to be about `bits` long. */
export function divide(n: bigint, d: bigint, bits: number): bigint {
  const length = bitLength(d)
  const half = Math.ceil(bits / 2) + 8
  const x = reciprocal(d, length, half)
  const first = (shift(n, half - length) * x) >> BigInt(half)
  const rest = (n << BigInt(half)) - d * first
  const second = (shift(rest, bits - length - half) * x) >> BigInt(half)
  return (first << BigInt(bits - half)) + second
}

/** The whole part of `n / √d` for a small `d`; the first `bits` bits are right but for 2⁸ units. */
export function divideByRoot(n: bigint, d: number, bits: number): bigint {
  const half = Math.ceil(bits / 2) + 8
  const x = inverseSquareRoot(d, half)
  const first = (n * x) >> BigInt(half)
  const error = (1n << BigInt(2 * half)) - BigInt(d) * (x * x)
  const drop = bitLength(n) - half
  return first + shift(shift(first, -drop) * error, drop - 2 * half - 1)
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

/** 1/√d, less than 2⁸ units off. */
function inverseSquareRoot(d: number, bits: number): bigint {
  const seed = BigInt(Math.round(2 ** seedBits / Math.sqrt(d)))
  return refine(seed, bits, (x, have, want) => {
    const error = (1n << BigInt(2 * have)) - BigInt(d) * (x * x)
    return shift(error, want - 2 * have - 1)
  })
}

/** 2^length / d, less than 2⁸ units off. */
function reciprocal(d: bigint, length: number, bits: number): bigint {
  const top = Number(shift(d, 53 - length)) / 2 ** 53
  return refine(BigInt(Math.round(2 ** seedBits / top)), bits, (x, have, want) => {
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
  let have = seedBits
  for (const want of precisions(bits)) {
    x = (x << BigInt(want - have)) + ((x * errorOf(x, have, want)) >> BigInt(have))
    have = want
  }
  return shift(x, bits - have)
}

/** The precisions to pass through, each a little less than twice the one before, up to `bits`. */
function precisions(bits: number): number[] {
  const steps: number[] = []
  for (let want = bits; want > seedBits; want = Math.ceil(want / 2) + 8) steps.unshift(want)
  return steps
}
