import type { Random } from '../base/random.ts'
import type { Candidates } from '../pool/strategy.ts'

/**
 * Draws places among candidates by chance, in proportion to their weights. O(1) while these are equal,
 * O(log n) otherwise; O(n) whenever the array is another one.
 */
export class Urn {
  readonly #random: Random
  #candidates: Candidates | undefined
  #count = 0
  #isEven = true
  /** The weights up to each place, that one included; only kept while they are unequal. */
  #sums = new Float64Array(0)

  constructor(random: Random) {
    this.#random = random
  }

  /** Draws from these from now on. */
  fill(candidates: Candidates): void {
    if (candidates === this.#candidates) return
    this.#candidates = candidates
    this.#count = candidates.length
    const { weight } = candidates[0]
    this.#isEven = candidates.every((candidate) => candidate.weight === weight)
    if (this.#isEven) return
    if (this.#sums.length < this.#count) this.#sums = new Float64Array(this.#count)
    let sum = 0
    for (let place = 0; place < this.#count; place++) {
      sum += candidates[place]!.weight
      this.#sums[place] = sum
    }
  }

  draw(): number {
    if (this.#isEven) return Math.floor(this.#random() * this.#count)
    return this.#find(this.#random() * this.#sums[this.#count - 1]!)
  }

  /** Draws from all but `first`; there must be another. */
  drawOther(first: number): number {
    if (this.#isEven) {
      const step = 1 + Math.floor(this.#random() * (this.#count - 1)) // Never 0, so the two differ.
      return (first + step) % this.#count
    }
    const before = first === 0 ? 0 : this.#sums[first - 1]!
    const own = this.#sums[first]! - before
    const drawn = this.#random() * (this.#sums[this.#count - 1]! - own)
    const other = this.#find(drawn < before ? drawn : drawn + own)
    // Beside a weight a billion times its own, another one is lost in rounding.
    return other === first ? (first + 1) % this.#count : other
  }

  /** The first place whose sum is above `drawn`. */
  #find(drawn: number): number {
    let low = 0
    let high = this.#count - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sums[middle]! > drawn) high = middle
      else low = middle + 1
    }
    return low
  }
}
