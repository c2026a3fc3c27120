import { createStrategy } from '../strategies/index.ts'
import type { Simulation } from './report.ts'
import { Run, requestsOf, type StrategyMaker } from './run.ts'
import { requestsLimit, type Workload } from './workload.ts'

/** A run for each strategy. @throws as `simulate`. */
export function createRuns(
  workload: Workload,
  names: readonly (string | StrategyMaker)[],
  seed: number,
): Run[] {
  if (workload.backends.length === 0) throw new RangeError('the workload has no backend')
  refuseNonsense(workload)
  return names.map((name) => {
    const make: StrategyMaker =
      typeof name === 'string' ? (context) => createStrategy(name, context) : name
    return new Run(workload, make, seed)
  })
}

/** @returns what tells which share of the requests has come. */
export function progressOf(workload: Workload): (came: number, nowMs: number) => number {
  const { durationMs } = workload
  const requests = Math.min(requestsOf(workload), requestsLimit)
  return (came, nowMs) =>
    Math.min(1, Math.max(came / requests, durationMs === undefined ? 0 : nowMs / durationMs))
}

/** What the runs found out, when they are over. */
export function conclude(workload: Workload, runs: readonly Run[], seed: number): Simulation {
  const [first] = runs
  const isOpen = workload.arrivals.kind !== 'closed'
  const offeredLoad = Math.max(0, ...runs.map((run) => run.offeredLoad))
  return {
    title: workload.title ?? '',
    seed,
    requests: Math.max(0, ...runs.map(({ came }) => came)),
    elapsedMs: first?.elapsedMs ?? 0,
    offeredLoad,
    isUnstable: isOpen && offeredLoad >= 1,
    strategies: runs.map((run) => run.report()),
  }
}

/** Numbers that mean nothing as 0. */
const positive: ReadonlySet<string> = new Set([
  ...['ratePerSecond', 'size', 'everyMs', 'meanMs', 'leastMs', 'mostMs', 'alpha', 'shortMs'],
  ...['longMs', 'leastDigits', 'mostDigits', 'clients', 'count', 'weight', 'servers'],
  ...['balancers', 'requests', 'durationMs', 'timeoutMs'],
])

/** A program may describe what no file could. @throws RangeError for a number that makes no sense. */
function refuseNonsense(part: object, path = 'workload'): void {
  for (const [key, value] of Object.entries(part)) {
    const where = `${path}.${key}`
    if (typeof value === 'object' && value !== null) refuseNonsense(value, where)
    if (typeof value !== 'number') continue
    // What never ends may say so.
    const isFinite = Number.isFinite(value) || (key === 'toMs' && value > 0)
    if (isFinite && value >= 0 && (value > 0 || !positive.has(key))) continue
    throw new RangeError(
      `${where} is ${value}: ${positive.has(key) ? 'above 0' : '0 or more'} wanted`,
    )
  }
}
