import type { Random } from '../base/random.ts'
import type { Strategy } from '../pool/strategy.ts'
import { load } from './least.ts'
import { Urn } from './urn.ts'

/**
 * Draws two different candidates at random, in proportion to the weights, and takes the one with the fewest
 * active leases for its weight; the first one drawn of a tie.
 *
 * Nearly as even as `least-connections` without its herd: several proxies that share backends do not all
 * rush to the same idle one. Each pick is O(1) while the weights are equal, O(log n) otherwise.
 *
 * @see Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing" (2001).
 */
export function twoChoices(random: Random = Math.random): Strategy {
  const urn = new Urn(random)
  return {
    name: 'two-choices',
    ignoresKey: true,
    pick(candidates) {
      if (candidates.length === 1) return candidates[0]
      urn.fill(candidates)
      const first = urn.draw()
      const a = candidates[first]!
      const b = candidates[urn.drawOther(first)]!
      return load(b) < load(a) ? b : a
    },
  }
}
