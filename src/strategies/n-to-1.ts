import type { Strategy } from '../pool/strategy.ts'

/**
 * Sends all work to one backend: the first one, and the next only while the first may not take work.
 *
 * For a primary with stand-bys. Each pick is O(1).
 *
 * @see HAProxy's `balance first`, Caddy's `lb_policy first`.
 */
export function nToOne(): Strategy {
  return {
    name: 'n-to-1',
    ignoresKey: true,
    pick: (candidates) => candidates[0],
  }
}
