import { hash, mix } from '../base/hash.ts'
import type { Candidates, Strategy } from '../pool/strategy.ts'
import { checkLoadFactor, hasRoom, type KeyOptions, limitOf } from './bounded.ts'
import { KeptTable, type Member } from './kept-table.ts'
import { roundRobin } from './round-robin.ts'

/**
 * Ranks the candidates for each key by chance, in proportion to their full weights, and takes the highest
 * that has room; none may hold more than `loadFactor` times its share. Work without a key is given out as
 * by `round-robin`.
 *
 * For caches and sessions in pools of up to some hundred: when a candidate leaves, only its own keys move,
 * and evenly to all others. Each pick is O(n).
 *
 * @see Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates" (1998).
 * @see Schindelhauer and Schomaker, "Weighted Distributed Hash Tables" (2005), for the weights.
 * @throws RangeError for a `loadFactor` above 0 and below 1.
 */
export function rendezvous(options: KeyOptions = {}): Strategy {
  const factor = checkLoadFactor(options.loadFactor ?? 1.25)
  const table = new KeptTable(hashAll)
  const withoutKey = roundRobin()
  return {
    name: 'rendezvous',
    pick(candidates, key) {
      if (key === '') return withoutKey.pick(candidates, key)
      const hashes = table.follow(candidates)
      const hashed = hash(key)
      const first = candidates[highest(candidates, hashes, hashed, 0)]!
      // An idle one has room, so that nothing need be added up.
      if (factor === 0 || first.active === 0) return first
      const limit = limitOf(candidates, factor)
      if (hasRoom(first, limit)) return first
      return candidates[highest(candidates, hashes, hashed, limit)] ?? first
    },
  }

  /** The place of the highest; of those with room, unless `limit` is 0. −1 when none has any. */
  function highest(candidates: Candidates, hashes: Hashes, key: number, limit: number): number {
    const { where } = table
    const { starts, steps } = hashes
    let best = -1
    let bestScore = Number.NEGATIVE_INFINITY
    for (let member = 0; member < where.length; member++) {
      const place = where[member]!
      if (place < 0) continue
      const candidate = candidates[place]!
      const { fullWeight } = candidate
      // From 1 down to 0, without both.
      const share = 1 - (mix(Math.imul(key ^ starts[member]!, steps[member]!)) + 0.5) / 2 ** 32
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

/** Two of each member, so that no two members have the same. */
interface Hashes {
  readonly starts: Int32Array
  readonly steps: Int32Array
}

function hashAll(members: readonly Member[]): Hashes {
  const starts = new Int32Array(members.length)
  const steps = new Int32Array(members.length)
  for (const [place, { id }] of members.entries()) {
    starts[place] = hash(id)
    steps[place] = hash(id, 1) | 1
  }
  return { starts, steps }
}
