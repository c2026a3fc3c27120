import type { Random } from '../base/random.ts'
import type { Strategy } from '../pool/strategy.ts'
import { Least, load } from './least.ts'

/**
 * Takes the candidate with the fewest active leases for its weight. Those that tie take turns, by weight,
 * from one that chance chose.
 *
 * For work whose length varies: a backend that is stuck with long jobs gets no more of them. Each pick
 * is O(n).
 *
 * @see nginx's `least_conn`, HAProxy's `balance leastconn`.
 */
export function leastConnections(random: Random = Math.random): Strategy {
  const least = new Least(random)
  return {
    name: 'least-connections',
    ignoresKey: true,
    pick: (candidates) => least.pick(candidates, load),
    score: load,
  }
}
