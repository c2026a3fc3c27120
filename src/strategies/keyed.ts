import type { Strategy } from '../pool/strategy.ts'
import type { KeyOptions } from './bounded.ts'
import { rendezvous } from './rendezvous.ts'

/**
 * Keeps work with the same key on one candidate, by `rendezvous`, and leaves work without a key to
 * `strategy`, whose name it bears. Without a limit to the load, unless `loadFactor` sets one.
 *
 * For affinity by what a request may or may not carry: a header, a part of the query. Each pick by key is
 * O(n).
 *
 * @see HAProxy's `balance hdr(…)`, which takes turns when there is no such header.
 * @throws RangeError for a `loadFactor` above 0 and below 1.
 */
export function keyed(strategy: Strategy, { loadFactor = 0 }: KeyOptions = {}): Strategy {
  const byKey = rendezvous({ loadFactor })
  return {
    name: strategy.name,
    pick: (candidates, key) => (key === '' ? strategy : byKey).pick(candidates, key),
  }
}
