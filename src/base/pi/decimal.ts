/**
 * Decimal digits of a binary fraction, by divide and conquer.
 *
 * The fraction times 10^(half the digits) has the first half above the point, which is left alone, and
 * the second half below it; the first half comes from the fraction's leading bits alone. So each level
 * multiplies numbers half as long, and nothing is ever divided.
 */

/** Bits that a fraction carries beyond those its digits need, at first. */
const firstGuardBits = 64
/** The guard bits that may be wrong: 2 units from the caller, one from each level, all doubled once. */
const wrongBits = 8
/** Up to here the engine's own conversion, which is quadratic, is the faster one. */
const leafDigitsMax = 240
const bitsPerDigit = Math.log2(10)

/** How digits are cut into `2^levels` leaves of equal length. */
interface Plan {
  readonly leafDigits: number
  readonly levels: number
  readonly guardBits: number
}

/**
 * The first `digits` digits after the point, truncated, of a number between 0 and 1 whose digits never end.
 *
 * `fraction(bits)` gives that number times `2^bits`, up to 2 units too small and never too large. Where
 * this leaves a digit in doubt, because a long run of nines or zeros follows it, more bits decide.
 */
export function decimals(digits: number, fraction: (bits: number) => bigint): string {
  const levels = Math.max(0, Math.ceil(Math.log2(digits / leafDigitsMax)))
  const leafDigits = Math.ceil(digits / 2 ** levels) // Rounded up: less than a digit more for each.
  for (let guardBits = firstGuardBits; ; guardBits *= 2) {
    const plan = { leafDigits, levels, guardBits }
    const found = convert(fraction(bitsFor(plan, leafDigits * 2 ** levels)), plan)
    if (found !== undefined) return found.slice(0, digits)
  }
}

/** All digits of the plan, or undefined when one is in doubt. */
function convert(fraction: bigint, plan: Plan): string | undefined {
  const { leafDigits, levels, guardBits } = plan
  const sureBits = guardBits - wrongBits
  const allOnes = (1n << BigInt(sureBits)) - 1n
  const powers = [5n ** BigInt(leafDigits)] // Of the leaves, and of each level's halves above.
  while (powers.length < levels) powers.push(powers.at(-1)! * powers.at(-1)!)
  const leaves: string[] = []
  return walk(fraction, levels) ? leaves.join('') : undefined

  function walk(fraction: bigint, level: number): boolean {
    if (level === 0) return leaf(fraction)
    const half = leafDigits * 2 ** (level - 1)
    const bits = bitsFor(plan, 2 * half)
    const drop = bits - bitsFor(plan, half)
    if (!walk(fraction >> BigInt(drop), level - 1)) return false
    // 10^half = 5^half · 2^half, and what the power of two lifts above the point is not even computed.
    const low = BigInt.asUintN(bits - half, fraction) * powers[level - 1]!
    return walk(BigInt.asUintN(bits - half, low) >> BigInt(drop - half), level - 1)
  }

  function leaf(fraction: bigint): boolean {
    const below = bitsFor(plan, leafDigits) - leafDigits
    const scaled = fraction * powers[0]!
    // All ones: the bits that are wrong may carry into the digits.
    const sure = BigInt.asUintN(below, scaled) >> BigInt(below - sureBits)
    if (sure === allOnes) return false
    leaves.push((scaled >> BigInt(below)).toString().padStart(leafDigits, '0'))
    return true
  }
}

function bitsFor({ guardBits }: Plan, digits: number): number {
  return Math.ceil(digits * bitsPerDigit) + guardBits
}
