import type { Strategy } from '../pool/strategy.ts'
import { least, load } from './least.ts'

/**
 * Takes the candidate with the fewest active leases for its weight; the first one of a tie.
 *
 * For work whose length varies: a backend that is stuck with long jobs gets no more of them. Each pick
 * is O(n).
 *
 * @see nginx's `least_conn`, HAProxy's `balance leastconn`.
 */
export function leastConnections(): Strategy {
  return {
    name: 'least-connections',
    ignoresKey: true,
    pick: (candidates) => least(candidates, load),
  }
}
