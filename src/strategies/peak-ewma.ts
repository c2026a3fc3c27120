import { type Clock, monotonic } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Candidate, Strategy } from '../pool/strategy.ts'
import { untilSuccessMs } from './errors.ts'
import { load } from './least.ts'
import { Urn } from './urn.ts'

/** An idle one's peak is forgotten to e⁻¹ in this time, as the pool does between its answers. */
const decayMs = 10_000
/** Work may wait this long for its first answer before the silence itself counts as response time. */
const patienceMs = 1_000

/**
 * Draws two different candidates at random, in proportion to the weights, and takes the one with the lower
 * cost: peak response time × (active + 1), for its weight. A tie goes to the fewest active, then to the
 * first one drawn.
 *
 * For backends whose speed changes suddenly, and for several proxies before them. A longer response time
 * replaces the peak at once, shorter ones and silence bring it down slowly: it is quick to leave a backend
 * that becomes slow and careful to come back. Each pick is O(1) while the weights are equal, O(log n)
 * otherwise.
 *
 * One that was never measured costs nothing, so it gets work the first time it is drawn, and no more until
 * it has answered. One that hangs costs its silence; errors cost as in `least-response-time`.
 *
 * @see Finagle's `p2cPeakEwma`; Envoy's contrib `peak_ewma`.
 */
export function peakEwma(now: Clock = monotonic, random: Random = Math.random): Strategy {
  const urn = new Urn(random)
  return {
    name: 'peak-ewma',
    ignoresKey: true,
    score: (candidate) => cost(candidate, now()),
    pick(candidates) {
      if (candidates.length === 1) return candidates[0]
      urn.fill(candidates)
      const nowMs = now()
      const first = urn.draw()
      const a = candidates[first]!
      const b = candidates[urn.drawOther(first)]!
      const costA = cost(a, nowMs)
      const costB = cost(b, nowMs)
      return costB < costA || (costB === costA && load(b) < load(a)) ? b : a
    },
  }
}

function cost(c: Candidate, nowMs: number): number {
  return (untilSuccessMs(expectedMs(c, nowMs), c, nowMs) * (c.active + 1)) / c.weight
}

function expectedMs(c: Candidate, nowMs: number): number {
  const quietMs = nowMs - c.quietSinceMs
  if (c.waiting === 0) return c.peakResponseTimeMs * Math.exp(-quietMs / decayMs)
  // While its first answer is still to come nothing is known of it, so it may as well be slow.
  if (c.peakResponseTimeMs === 0) return Math.max(patienceMs, quietMs)
  return quietMs > patienceMs ? Math.max(c.peakResponseTimeMs, quietMs) : c.peakResponseTimeMs
}
