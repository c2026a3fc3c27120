import type { Random } from '../base/random.ts'
import type { Candidate, Candidates } from '../pool/strategy.ts'

/** For those who begin with the first. */
const inOrder: Random = () => 0

/**
 * Whose turn it is: by smooth weighted round-robin. One of weight 3 gets three turns for each one of weight
 * 1, spread out; with equal weights that is one after the other, in order.
 *
 * @see nginx, "smooth weighted round-robin": weights 5, 1, 1 give a a b a c a a.
 */
export class Turns {
  readonly #random: Random
  readonly #credits = new WeakMap<Candidate, number>()
  #known: Candidates | undefined
  #next = 0
  #isEven = true

  /** @param random where to begin, so that balancers that share backends do not begin with the same one. */
  constructor(random: Random = inOrder) {
    this.#random = random
  }

  /** Whether the weights are equal, so that turns go in order. */
  get isEven(): boolean {
    return this.#isEven
  }

  /** Goes on with these. O(1) while the array is the same, O(n) otherwise. @returns whose turn it is. */
  follow(candidates: Candidates): number {
    if (candidates === this.#known) return this.#next
    const { weight } = candidates[0]
    this.#isEven = candidates.every((candidate) => candidate.weight === weight)
    this.#next =
      this.#known === undefined
        ? Math.floor(this.#random() * candidates.length)
        : nextPlace(this.#known, this.#next, candidates)
    this.#known = candidates
    return this.#next
  }

  /** The one at `place` had its turn. */
  took(place: number): void {
    this.#next = place + 1 === this.#known!.length ? 0 : place + 1
  }

  /**
   * The place of the one with the most credit, of all or of the first `count` of `places`: each gains its
   * weight, and the one that is taken pays what all gained together.
   */
  smoothest(
    candidates: Candidates,
    count: number = candidates.length,
    places?: Int32Array,
  ): number {
    let total = 0
    let best = 0
    let bestCredit = Number.NEGATIVE_INFINITY
    for (let nth = 0; nth < count; nth++) {
      const place = places === undefined ? nth : places[nth]!
      const candidate = candidates[place]!
      const { weight } = candidate
      const credit = (this.#credits.get(candidate) ?? this.#random() * weight) + weight
      this.#credits.set(candidate, credit)
      total += weight
      if (credit <= bestCredit) continue
      best = place
      bestCredit = credit
    }
    this.#credits.set(candidates[best]!, bestCredit - total)
    return best
  }
}

/** Whose turn it would have been, or the first after it that is still there, in the new order. */
function nextPlace(from: readonly Candidate[], next: number, to: readonly Candidate[]): number {
  for (let step = 0; step < from.length; step++) {
    const place = to.indexOf(from[(next + step) % from.length]!)
    if (place >= 0) return place
  }
  return 0
}
