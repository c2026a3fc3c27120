import type { Spread } from './durations.ts'

/** What a simulation found out. Plain data, as `--json` prints it. */
export interface Simulation {
  readonly title: string
  readonly seed: number
  readonly requests: number
  /** From the first moment that was measured to the last request, in virtual time. */
  readonly elapsedMs: number
  /** What came in for what the backends can do. */
  readonly offeredLoad: number
  /** More came than can be done: queues grow as long as it lasts, and no figure means much. */
  readonly isUnstable: boolean
  readonly strategies: readonly StrategyReport[]
}

/** How one strategy did. */
export interface StrategyReport {
  readonly strategy: string
  /** Those that were measured; the rest came while it warmed up. */
  readonly requests: number
  readonly succeeded: number
  /** All that did not succeed, by cause. */
  readonly errors: ErrorCounts
  /** Further tries after a refused connection. */
  readonly retries: number
  /** Of those that succeeded: from their arrival to their answer. */
  readonly response: Spread
  /** The same, without what the work takes alone. */
  readonly waiting: Spread
  /** The utilisation of the busiest backend for that of the average one; 1 is even. */
  readonly imbalance: number
  /** A backend got more than it can do: its queue grows as long as it lasts, and no time means much. */
  readonly isUnstable: boolean
  /** Of the requests whose key came before, the share that went to the same backend as the last one. */
  readonly keptShare: number
  /** The smallest share of the requests that a backend got. */
  readonly leastShare: number
  /** The longest time that a backend which would have taken one got no request. */
  readonly starvedMs: number
  readonly queue: Queue
  readonly backends: readonly BackendReport[]
}

export interface ErrorCounts {
  /** Answered with an error. */
  readonly failed: number
  /** No backend took it. */
  readonly refused: number
  /** No answer in time. */
  readonly timedOut: number
  /** At work when the outage began. */
  readonly lost: number
  /** Still there when nothing happened any more: its backend hangs. */
  readonly unfinished: number
}

/** How many requests a backend holds, waiting or at work. */
export interface Queue {
  readonly mean: number
  readonly most: number
  /** The share of time that a backend holds at least 0, 1, 2 … requests. */
  readonly atLeast: readonly number[]
}

export interface BackendReport {
  readonly id: string
  readonly group: string
  readonly weight: number
  readonly requests: number
  readonly share: number
  readonly utilisation: number
  readonly meanResponseMs: number
  readonly meanHeld: number
  readonly mostHeld: number
  readonly failed: number
  readonly starvedMs: number
}
