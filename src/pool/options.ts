import { type Clock, monotonic } from '../base/clock.ts'
import type { Random } from '../base/random.ts'

/** The clock, the limits and the manners of a pool. */
export interface PoolOptions {
  readonly now?: Clock
  /** Spreads the pauses of backends that are left out. */
  readonly random?: Random
  /** How long a backend that comes back, or is added, takes to get its whole share; 0 is at once. */
  readonly slowStartMs?: number
  /** Leave out backends that fail too much of their work. */
  readonly ejects?: boolean
  /** With no backend up, all that do not drain may take work. */
  readonly failOpen?: boolean
  /** Reports will come: a backend takes no work before its first one. */
  readonly isProbed?: boolean
  /** For each backend that does not say otherwise; 0 is no limit. */
  readonly maxConnections?: number
  /** How much work may wait while all backends are full. */
  readonly queueMax?: number
  /** How long it may wait. The pool owns no timer: who waits keeps to it. */
  readonly queueTimeoutMs?: number
  /** `leaseOf` goes on with a backend that drains. */
  readonly drainHonoursAffinity?: boolean
}

export const poolDefaults: Required<PoolOptions> = {
  now: monotonic,
  random: Math.random,
  slowStartMs: 10_000,
  ejects: true,
  failOpen: true,
  isProbed: false,
  maxConnections: 0,
  queueMax: 1_024,
  queueTimeoutMs: 5_000,
  drainHonoursAffinity: false,
}

/** @throws RangeError for a number that cannot be. */
export function checkOptions(options: Required<PoolOptions>): void {
  const { slowStartMs, queueTimeoutMs, maxConnections, queueMax } = options
  for (const [name, ms] of Object.entries({ slowStartMs, queueTimeoutMs })) {
    if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`${name} is ${ms}: from 0 wanted`)
    }
  }
  for (const [name, count] of Object.entries({ maxConnections, queueMax })) {
    if (!(Number.isInteger(count) && count >= 0)) {
      throw new RangeError(`${name} is ${count}: a whole number from 0 wanted`)
    }
  }
}
