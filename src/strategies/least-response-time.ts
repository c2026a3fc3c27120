import { type Clock, monotonic } from '../base/clock.ts'
import type { Candidate, Strategy } from '../pool/strategy.ts'
import { untilSuccessMs } from './errors.ts'
import { least } from './least.ts'

/** The average of an idle candidate counts half after this many times itself. */
const halfLifeAverages = 5
/** Forgiven no further: after a long silence of all, the fastest still comes first. */
const halvingsMax = 20
/** Work may wait this long for its first answer before the silence itself counts as response time. */
const patienceMs = 1_000

/**
 * Takes the candidate that promises the earliest answer: average response time × (active + 1), for its
 * weight; ties by fewest active, then order. One that was never measured counts as 0, so each gets tried.
 *
 * For backends of unequal speed. Each pick is O(n).
 *
 * Three things an average alone gets wrong. A backend that once looked slow gets no work, so no new
 * measurement, and starves: here an idle one is forgiven by halves, a slow one more slowly, so that
 * trying it again costs little. A backend that hangs never answers, so its average stays what it was:
 * here silence longer than a second counts as its response time. A backend that fails at once looks fast:
 * here errors cost time, too.
 *
 * @see Traefik issue 12306 (starvation); nginx's `least_time`, which forgives in the same way.
 */
export function leastResponseTime(now: Clock = monotonic): Strategy {
  let nowMs = 0
  const promise = (c: Candidate): number =>
    (untilSuccessMs(expectedMs(c, nowMs), c, nowMs) * (c.active + 1)) / c.weight
  return {
    name: 'least-response-time',
    ignoresKey: true,
    pick(candidates) {
      nowMs = now()
      return least(candidates, promise)
    },
  }
}

function expectedMs(c: Candidate, nowMs: number): number {
  const quietMs = nowMs - c.quietSinceMs
  if (c.waiting > 0)
    return quietMs > patienceMs ? Math.max(c.responseTimeMs, quietMs) : c.responseTimeMs
  if (c.active > 0 || c.responseTimeMs === 0) return c.responseTimeMs
  const halvings = Math.min(quietMs / (c.responseTimeMs * halfLifeAverages), halvingsMax)
  return c.responseTimeMs * 2 ** -halvings
}
