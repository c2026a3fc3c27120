import type { Random } from '../base/random.ts'
import type { Candidate, Candidates } from '../pool/strategy.ts'
import { Turns } from './turns.ts'

/**
 * Takes the candidate with the lowest score. Ties go to the fewest active for its weight; those that tie
 * in that, too, take turns, so that candidates without work share what comes. O(n).
 */
export class Least {
  readonly #turns: Turns
  /** The places of those that tie; only kept while the weights are unequal. */
  #tied = new Int32Array(0)

  /** @param random where to begin: balancers that share backends are not to begin with the same one. */
  constructor(random: Random) {
    this.#turns = new Turns(random)
  }

  pick<C extends Candidate>(candidates: Candidates<C>, score: (candidate: Candidate) => number): C {
    const turns = this.#turns
    const count = candidates.length
    let place = turns.follow(candidates)
    if (!turns.isEven) return this.#pickUneven(candidates, score)
    // From the one whose turn it is, so the first of a tie is the next one in turn.
    let best = place
    let bestScore = score(candidates[place]!)
    for (let step = 1; step < count; step++) {
      place = place + 1 === count ? 0 : place + 1
      const candidateScore = score(candidates[place]!)
      if (candidateScore > bestScore) continue
      if (candidateScore === bestScore && candidates[place]!.active >= candidates[best]!.active) {
        continue
      }
      best = place
      bestScore = candidateScore
    }
    turns.took(best)
    return candidates[best]!
  }

  #pickUneven<C extends Candidate>(
    candidates: Candidates<C>,
    score: (candidate: Candidate) => number,
  ): C {
    if (this.#tied.length < candidates.length) this.#tied = new Int32Array(candidates.length)
    const tied = this.#tied
    let ties = 0
    let bestScore = Number.POSITIVE_INFINITY
    let bestLoad = Number.POSITIVE_INFINITY
    for (let place = 0; place < candidates.length; place++) {
      const candidateScore = score(candidates[place]!)
      if (candidateScore > bestScore) continue
      const candidateLoad = load(candidates[place]!)
      if (candidateScore < bestScore || candidateLoad < bestLoad) ties = 0
      else if (candidateLoad > bestLoad) continue
      tied[ties++] = place
      bestScore = candidateScore
      bestLoad = candidateLoad
    }
    return candidates[ties === 1 ? tied[0]! : this.#turns.smoothest(candidates, ties, tied)]!
  }
}

/** The one with the fewest active for its weight; the first in order of a tie. O(n). */
export function leastLoaded<C extends Candidate>(candidates: Candidates<C>): C {
  return candidates.reduce((best, candidate) => (load(candidate) < load(best) ? candidate : best))
}

/** Leases held, for the weight. */
export const load = (candidate: Candidate): number => candidate.active / candidate.weight
