import type { Strategy } from '../pool/strategy.ts'
import { Turns } from './turns.ts'

/**
 * Takes the candidates in turn; one of weight 3 gets three turns for each one of weight 1, spread out.
 *
 * For work of one size: it never looks at load, so a backend that has become slow gets as much as
 * before. Each pick is O(1) while the weights are equal, O(n) otherwise.
 *
 * @see nginx, "smooth weighted round-robin": weights 5, 1, 1 give a a b a c a a.
 */
export function roundRobin(): Strategy {
  const turns = new Turns()
  return {
    name: 'round-robin',
    ignoresKey: true,
    pick(candidates) {
      const place = turns.follow(candidates)
      if (!turns.isEven) return candidates[turns.smoothest(candidates)]!
      turns.took(place)
      return candidates[place]!
    },
  }
}
