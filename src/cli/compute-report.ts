import { rounded } from './compute-answer.ts'
import { failureLines, tallyTable } from './compute-table.ts'
import type { Tally, WorkerTally } from './compute-tally.ts'

/** How a run of random tasks went. */
export interface RunFacts {
  readonly asked: number
  /** An answer, or an end without one; fewer than asked when it was cancelled. */
  readonly ended: number
  readonly tookMs: number
  readonly seed: number
  /** How often a task was sent again. */
  readonly resends: number
}

/** Who did how much, how fast, and what went wrong; for people. */
export function runReport(tally: Tally, { asked, ended, resends, seed, tookMs }: RunFacts): string {
  const rate = Math.round((ended / tookMs) * 1_000)
  const cancelled = ended < asked ? `cancelled after ${ended} of ` : ''
  const again = resends > 0 ? `, ${resends} sent again` : ''
  const took = `${(tookMs / 1_000).toFixed(1)} s`
  const first = `${cancelled}${asked} tasks in ${took}: ${rate} a second${again}, seed ${seed}`
  const errors = tally.all.errors === 0 ? 'no errors' : failureLines(tally)
  return [tallyTable(tally), '', first, errors].join('\n')
}

/** The same as one line of JSON. */
export function runSummary(tally: Tally, facts: RunFacts): string {
  const workers = tally.workers.map(workerFacts)
  const { errors } = tally.all
  const tookMs = rounded(facts.tookMs)
  return JSON.stringify({
    summary: { ...facts, tookMs, errors, failures: tally.failures, workers },
  })
}

/** What one worker has done, for programs; `worker` is null for what none has answered. */
export function workerFacts({ errors, times, worker }: WorkerTally): object {
  const { count: tasks, maxMs, p50Ms, p90Ms, p99Ms } = times.view()
  const percentiles = Object.entries({ p50Ms, p90Ms, p99Ms, maxMs }).map(([name, ms]) => [
    name,
    rounded(ms),
  ])
  const name = worker === '' ? null : worker
  return { worker: name, tasks, errors, ...Object.fromEntries(percentiles) }
}
