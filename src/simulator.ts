import { openRequests } from './simulator/arrivals.ts'
import type { Spread } from './simulator/durations.ts'
import {
  createLogReader,
  type LogFaults,
  type LoggedRequest,
  type LogReader,
} from './simulator/log.ts'
import type {
  BackendReport,
  ErrorCounts,
  Queue,
  Simulation,
  StrategyReport,
} from './simulator/report.ts'
import type { StrategyMaker } from './simulator/run.ts'
import { conclude, createRuns, progressOf } from './simulator/runs.ts'
import { formatSimulation } from './simulator/table.ts'
import type {
  Arrivals,
  BackendGroup,
  Keys,
  Period,
  Request,
  Service,
  Workload,
} from './simulator/workload.ts'
import { strategies } from './strategies/index.ts'

export type {
  Arrivals,
  BackendGroup,
  BackendReport,
  ErrorCounts,
  Keys,
  LogFaults,
  LoggedRequest,
  LogReader,
  Period,
  Queue,
  Request,
  Service,
  Simulation,
  Spread,
  StrategyMaker,
  StrategyReport,
  Workload,
}
export { createLogReader, formatSimulation }

export interface SimulateOptions {
  /** The same seed gives the same result; 1 by default. */
  readonly seed?: number
  /** Hears now and then which share of the work is done, 0 … 1. */
  readonly onProgress?: (share: number) => void
}

/** A simulation whose requests the caller brings, in the order of their time. */
export interface Replay {
  /** @param request comes at its `atMs`; when that is before the one that came last, then with it. */
  arrive(request: Request): void
  /** No more requests: the work under way ends. */
  end(): Simulation
}

/**
 * Plays a workload through strategies in virtual time, with the real pool: no sockets, no timers.
 *
 * Every strategy gets the same requests at the same time, needing the same work; only clients that wait for
 * their answers ask later when these come later.
 *
 * @param names of the table, or makers of strategies; all of the table by default.
 * @throws PilotiError STRATEGY_UNKNOWN, ADDRESS when two backends have one name, RangeError for a number that
 *   makes no sense, and for a workload whose requests are given, not drawn: see `createReplay`.
 */
export function simulate(
  workload: Workload,
  names: readonly (string | StrategyMaker)[] = Object.keys(strategies),
  options: SimulateOptions = {},
): Simulation {
  const { seed = 1, onProgress = () => {} } = options
  const { arrivals } = workload
  if (arrivals.kind === 'given') {
    throw new RangeError('the workload has no arrivals of its own: bring them with createReplay')
  }
  if (arrivals.kind !== 'closed') {
    const replay = createReplay(workload, names, options)
    const shareOf = progressOf(workload)
    let came = 0
    for (const request of openRequests(workload, arrivals, seed)) {
      replay.arrive(request)
      if (++came % 1_024 === 0) onProgress(shareOf(came, request.atMs))
    }
    return replay.end()
  }
  const runs = createRuns(workload, names, seed)
  const shareOf = progressOf(workload)
  for (const [index, run] of runs.entries()) {
    run.play(arrivals, (came, nowMs) => onProgress((index + shareOf(came, nowMs)) / runs.length))
  }
  return conclude(workload, runs, seed)
}

/** A simulation of requests that a program brings, such as those of a log. @throws as `simulate`. */
export function createReplay(
  workload: Workload,
  names: readonly (string | StrategyMaker)[] = Object.keys(strategies),
  { seed = 1 }: SimulateOptions = {},
): Replay {
  const runs = createRuns(workload, names, seed)
  let lastMs = 0
  return {
    arrive(request) {
      lastMs = Math.max(lastMs, request.atMs)
      const ordered = request.atMs === lastMs ? request : { ...request, atMs: lastMs }
      for (const run of runs) run.arrive(ordered)
    },
    end() {
      for (const run of runs) run.end()
      return conclude(workload, runs, seed)
    },
  }
}

/**
 * Reads a workload from YAML, as docs/reference/simulate.md describes it.
 *
 * @param name what the text is called in messages.
 * @throws PilotiError WORKLOAD with everything that is wrong, each with its line and column.
 */
export async function readWorkload(text: string, name = 'the workload'): Promise<Workload> {
  // The parsers take longer to load than all the rest, and few need them.
  const { parseWorkload } = await import('./simulator/workload-file.ts')
  return parseWorkload(text, name)
}
