import type { Balancer } from '../../balancer.ts'
import type { DecisionTold } from './told.ts'

const shownMax = 12
/** Of each pick; the others are only counted. */
const consideredMax = 8

/** The latest decisions of all pools, newest first, and cut to what a page can show. */
export function latestDecisions({ pools }: Balancer): DecisionTold[] {
  return [...pools]
    .flatMap(([name, { decisions }]) =>
      decisions
        .view()
        .slice(0, shownMax)
        .map((decision) => ({ ...decision, pool: name })),
    )
    .sort((a, b) => b.atMs - a.atMs)
    .slice(0, shownMax)
    .map(({ atMs, client, durationMs, end, picks, pool, status, what }) => ({
      ...{ atMs, client, durationMs, end, pool, status, what },
      picks: picks.map((pick) => ({
        ...pick,
        considered: pick.considered.slice(0, consideredMax),
        others: pick.others + Math.max(0, pick.considered.length - consideredMax),
      })),
    }))
}
