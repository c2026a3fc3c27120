import type { Balancer } from '../../balancer.ts'
import type { Decision } from '../../pool/decisions.ts'
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
    .map(({ atMs, client, durationMs, end, picks, pool, queueMs, status, what }) => ({
      ...{ atMs, client, durationMs, end, pool, queueMs, status, what },
      picks: picks.map(shortened),
    }))
}

/** The first ones, and who was picked. */
function shortened<P extends Decision['picks'][number]>(pick: P): P {
  const considered = pick.considered.filter(
    ({ id }, index) => index < consideredMax || id === pick.picked,
  )
  return { ...pick, considered, others: pick.others + pick.considered.length - considered.length }
}
