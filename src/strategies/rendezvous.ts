import { hash, mix } from '../base/hash.ts'
import type { Candidates, Strategy } from '../pool/strategy.ts'
import { checkLoadFactor, hasRoom, type KeyOptions, limitOf } from './bounded.ts'
import { roundRobin } from './round-robin.ts'

/**
 * Ranks the candidates for each key by chance, in proportion to their full weights, and takes the highest
 * that has room; none may hold more than `loadFactor` times its share. Work without a key is given out as
 * by `round-robin`.
 *
 * For caches and sessions in pools of up to some hundred: when a candidate leaves, only its own keys move,
 * and evenly to all others. No table. Each pick is O(n).
 *
 * @see Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates" (1998).
 * @see Schindelhauer and Schomaker, "Weighted Distributed Hash Tables" (2005), for the weights.
 * @throws RangeError for a `loadFactor` above 0 and below 1.
 */
export function rendezvous(options: KeyOptions = {}): Strategy {
  const factor = checkLoadFactor(options.loadFactor ?? 1.25)
  const ranking = new Ranking()
  const withoutKey = roundRobin()
  return {
    name: 'rendezvous',
    pick(candidates, key) {
      if (key === '') return withoutKey.pick(candidates, key)
      ranking.follow(candidates)
      const hashed = hash(key)
      const first = candidates[ranking.highest(candidates, hashed, 0)]!
      // An idle one has room, so that nothing need be added up.
      if (factor === 0 || first.active === 0) return first
      const limit = limitOf(candidates, factor)
      if (hasRoom(first, limit)) return first
      return candidates[ranking.highest(candidates, hashed, limit)] ?? first
    },
  }
}

/** Which candidate is the highest for a key. It keeps the hashes of the candidates it followed last. */
class Ranking {
  #candidates: Candidates | undefined
  #starts = new Int32Array(0)
  #steps = new Int32Array(0)

  follow(candidates: Candidates): void {
    if (candidates === this.#candidates) return
    this.#candidates = candidates
    this.#starts = Int32Array.from(candidates, ({ id }) => hash(id))
    this.#steps = Int32Array.from(candidates, ({ id }) => hash(id, 1) | 1)
  }

  /** The place of the highest; of those with room, unless `limit` is 0. −1 when none has any. */
  highest(candidates: Candidates, hashed: number, limit: number): number {
    let best = -1
    let bestScore = Number.NEGATIVE_INFINITY
    for (let place = 0; place < candidates.length; place++) {
      const candidate = candidates[place]!
      const { fullWeight } = candidate
      const drawn = mix(Math.imul(hashed ^ this.#starts[place]!, this.#steps[place]!))
      // From 1 down to 0, without both.
      const share = 1 - (drawn + 0.5) / 2 ** 32
      // −log(1 − share) ≥ share: most need no logarithm.
      if (fullWeight <= bestScore * share) continue
      if (limit > 0 && !hasRoom(candidate, limit)) continue
      const score = fullWeight / -Math.log1p(-share)
      if (score <= bestScore) continue
      best = place
      bestScore = score
    }
    return best
  }
}
