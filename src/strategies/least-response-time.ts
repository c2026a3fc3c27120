import { type Clock, monotonic } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Candidate, Candidates, Strategy } from '../pool/strategy.ts'
import { untilSuccessMs } from './errors.ts'
import { Least } from './least.ts'

/** The average of an idle candidate counts half after this many times itself … */
const halfLifeAverages = 10
/** … and after no more than this, so that one that had to answer slowly once is not left out for minutes. */
const halfLifeMaxMs = 5_000
/** Forgiven no further: after a long silence of all, the fastest still comes first. */
const halvingsMax = 20
/** Work may wait this long for its first answer before the silence itself counts as response time. */
const patienceMs = 1_000
/** Of no candidate: not found out in this pick. */
const unknownMs = -1

/**
 * Takes the candidate that promises the earliest answer: average response time × (active + 1), for its
 * weight; ties by fewest active for its weight, then in turn as in `least-connections`.
 *
 * For backends of unequal speed. Each pick is O(n).
 *
 * Four things an average alone gets wrong. A backend that was never measured would count as 0, and get all
 * work until its first answer: here it does so for one trial, and then counts as the mean of the others. A
 * backend that once looked slow gets no work, so no new measurement, and starves: here an idle one is
 * forgiven by halves, a slow one more slowly, so that trying it again costs little. A backend that hangs
 * never answers, so its average stays what it was: here silence longer than a second counts as its
 * response time. A backend that fails at once looks fast: here errors cost time, too.
 *
 * @see Traefik issue 12306 (starvation); nginx's `least_time`, which forgives in the same way.
 */
export function leastResponseTime(now: Clock = monotonic, random: Random = Math.random): Strategy {
  const least = new Least(random)
  let nowMs = 0
  let measuredMs = unknownMs
  let among: Candidates | undefined
  const promise = (c: Candidate): number =>
    (untilSuccessMs(expectedMs(c), c, nowMs) * (c.active + 1)) / c.weight

  const expectedMs = (c: Candidate): number => {
    const quietMs = nowMs - c.quietSinceMs
    if (c.waiting > 0) {
      const knownMs = c.responseTimeMs === 0 ? meanOfMeasuredMs() : c.responseTimeMs
      return quietMs > patienceMs ? Math.max(knownMs, quietMs) : knownMs
    }
    if (c.active > 0 || c.responseTimeMs === 0) return c.responseTimeMs
    const halfLifeMs = Math.min(c.responseTimeMs * halfLifeAverages, halfLifeMaxMs)
    const halvings = Math.min(quietMs / halfLifeMs, halvingsMax)
    return c.responseTimeMs * 2 ** -halvings
  }

  /** Added up once in a pick at most, and only while the first answer of someone is still to come. */
  const meanOfMeasuredMs = (): number => {
    if (measuredMs === unknownMs) measuredMs = meanMs(among!)
    return measuredMs
  }

  return {
    name: 'least-response-time',
    ignoresKey: true,
    pick(candidates) {
      nowMs = now()
      measuredMs = unknownMs
      among = candidates
      return least.pick(candidates, promise)
    },
  }
}

/** The mean of those that were measured; 0 when none was. */
function meanMs(candidates: Candidates): number {
  let sum = 0
  let measured = 0
  for (const { responseTimeMs } of candidates) {
    if (responseTimeMs === 0) continue
    sum += responseTimeMs
    measured++
  }
  return sum / Math.max(measured, 1)
}
