import { hash } from '../base/hash.ts'
import type { Candidates, Strategy } from '../pool/strategy.ts'
import { checkLoadFactor, hasRoom, type KeyOptions, limitOf } from './bounded.ts'
import { type Circle, createCircle, nextPoint } from './circle.ts'
import { KeptTable } from './kept-table.ts'
import { leastLoaded } from './least.ts'
import { roundRobin } from './round-robin.ts'

/** A walk past more points than this, and as many again for each member, meets nobody but for bad luck. */
const stepsMin = 160
const stepsForEach = 8

/**
 * Places each candidate at many points of a circle, in proportion to its full weight, and takes the one
 * that comes next after the key's own point and has room; none may hold more than `loadFactor` times its
 * share. Work without a key is given out as by `round-robin`.
 *
 * For caches: a candidate that leaves gives its keys to the others, and no other key moves. Overflow of a
 * full one goes to whoever is next. Shares of keys are within a third of even; `rendezvous` and `maglev`
 * do better. Each pick is O(1) while the candidate is idle or there is no limit, O(n) otherwise.
 *
 * @see Karger et al., "Consistent Hashing and Random Trees" (1997); libketama; nginx's `hash … consistent`.
 * @throws RangeError for a `loadFactor` above 0 and below 1.
 */
export function ring(options: KeyOptions = {}): Strategy {
  const factor = checkLoadFactor(options.loadFactor ?? 1.25)
  const table = new KeptTable(createCircle)
  const withoutKey = roundRobin()
  return {
    name: 'ring',
    pick(candidates, key) {
      if (key === '') return withoutKey.pick(candidates, key)
      const circle = table.follow(candidates)
      return candidates[walk(candidates, circle, hash(key))] ?? leastLoaded(candidates)
    },
  }

  /** The place among the candidates of the next one with room; −1 after a long walk. */
  function walk(candidates: Candidates, circle: Circle, from: number): number {
    const { where, size } = table
    const { points, owners } = circle
    const steps = Math.min(points.length, stepsMin + size * stepsForEach)
    let limit = 0
    let at = nextPoint(circle, from)
    for (let step = 0; step < steps; step++) {
      const place = where[owners[at]!]!
      if (++at === points.length) at = 0
      if (place < 0) continue
      const candidate = candidates[place]!
      // An idle one has room, so that nothing need be added up.
      if (factor === 0 || candidate.active === 0) return place
      if (limit === 0) limit = limitOf(candidates, factor)
      if (hasRoom(candidate, limit)) return place
    }
    return -1
  }
}
