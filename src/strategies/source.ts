import type { Strategy } from '../pool/strategy.ts'
import type { KeyOptions } from './bounded.ts'
import { rendezvous } from './rendezvous.ts'

/**
 * Keeps each client on one candidate: the key is the client's address. By `rendezvous`, in proportion to
 * the full weights, and without a limit to the load unless `loadFactor` sets one: a busy candidate keeps
 * its clients.
 *
 * For backends that know their clients again, when the clients cannot keep a cookie. Clients behind one
 * address all go to one candidate. When a candidate leaves, only its own clients move. Each pick is O(n).
 *
 * @see HAProxy's `balance source` with `hash-type consistent`; nginx's `ip_hash`, which takes only the first
 * three bytes of an IPv4 address.
 * @throws RangeError for a `loadFactor` above 0 and below 1.
 */
export function source({ loadFactor = 0 }: KeyOptions = {}): Strategy {
  return { ...rendezvous({ loadFactor }), name: 'source' }
}
