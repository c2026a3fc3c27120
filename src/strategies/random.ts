import type { Random } from '../base/random.ts'
import type { Strategy } from '../pool/strategy.ts'
import { Urn } from './urn.ts'

/**
 * Draws one at random, in proportion to the weights.
 *
 * For many balancers before the same backends: without a common turn or order they cannot rush together.
 * Less even than taking turns; `two-choices` costs little more and is nearly as even as looking at all.
 * Each pick is O(1) while the weights are equal, O(log n) otherwise.
 *
 * @see Caddy's `lb_policy random`, Envoy's `RANDOM`.
 */
export function random(draw: Random = Math.random): Strategy {
  const urn = new Urn(draw)
  return {
    name: 'random',
    ignoresKey: true,
    pick(candidates) {
      urn.fill(candidates)
      return candidates[urn.draw()]!
    },
  }
}
