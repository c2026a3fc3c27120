import { type Clock, monotonic } from '../base/clock.ts'
import type { Candidate, Candidates, Strategy } from '../pool/strategy.ts'

export interface GuardOptions {
  readonly now?: Clock
  /** Told once, when the fallback takes over for good: why, for people. */
  readonly onFault: (why: string) => void
}

/** A pick may take so long: everything else waits for it. */
const pickMaxMs = 1
/** More than one slow pick in ten is no pause of the garbage collection. */
const slowPrice = 10
const slowLimit = 50

/**
 * Watches over a strategy that somebody wrote: when it throws, returns what is no candidate, or is slow
 * again and again, `fallback` picks from then on.
 *
 * The work at hand never suffers: whatever happens, one of the candidates is picked.
 */
export function guarded(own: Strategy, fallback: Strategy, options: GuardOptions): Strategy {
  const { now = monotonic, onFault } = options
  let picker = own
  let slowness = 0
  const fail = (why: string): void => {
    picker = fallback
    onFault(why)
  }
  return {
    get name() {
      return picker.name
    },
    get ignoresKey() {
      return picker.ignoresKey as true
    },
    score(candidate, key) {
      // It only explains: what it makes of that is its own affair.
      try {
        return picker.score?.(candidate, key) ?? Number.NaN
      } catch {
        return Number.NaN
      }
    },
    pick(candidates, key) {
      if (picker === fallback) return fallback.pick(candidates, key)
      const startMs = now()
      try {
        const picked = own.pick(candidates, key)
        if (candidates.includes(picked)) {
          slowness = now() - startMs > pickMaxMs ? slowness + slowPrice : Math.max(0, slowness - 1)
          if (slowness >= slowLimit) fail(`takes more than ${pickMaxMs} ms a pick`)
          return picked
        }
        fail(`picked ${describe(picked)}, which is none of the candidates`)
      } catch (error) {
        fail(`threw: ${error instanceof Error ? error.message : String(error)}`)
      }
      return fallback.pick(candidates, key)
    },
  }
}

/** What a pick that is no candidate may be; it is the user's code, so anything. */
function describe(picked: unknown): string {
  if (picked instanceof Promise) return 'a promise'
  if (typeof picked === 'object' && picked !== null) {
    return `an object with id '${String((picked as Partial<Candidate>).id)}'`
  }
  return String(picked)
}

/**
 * Looks whether what a module exports is a strategy.
 *
 * @returns what is wrong with it, for people; empty when nothing is.
 */
export function faultOf(thing: unknown): string {
  if (thing === null || thing === undefined) return `it is ${thing}`
  if (typeof thing !== 'object') return `it is a ${typeof thing}`
  const { name, pick, ignoresKey } = thing as Record<keyof Strategy, unknown>
  if (typeof name !== 'string' || name === '') return 'it has no name'
  if (typeof pick !== 'function') return 'it has no function pick(candidates, key)'
  if (ignoresKey !== undefined && ignoresKey !== true) return 'its ignoresKey is not true'
  return tried(thing as Strategy)
}

/** A first pick, where a mistake costs nothing yet. */
function tried(strategy: Strategy): string {
  const candidates: Candidates = [sample('a'), sample('b')]
  try {
    const picked: unknown = strategy.pick(candidates, 'key')
    const isGood = candidates.includes(picked as Candidate)
    return isGood ? '' : `its pick gave ${describe(picked)} instead of a candidate`
  } catch (error) {
    return `its pick threw: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** An idle candidate of which nothing is known. */
export const sample = (id: string): Candidate => ({
  id,
  weight: 1,
  fullWeight: 1,
  active: 0,
  responseTimeMs: 0,
  peakResponseTimeMs: 0,
  errorShare: 0,
  waiting: 0,
  quietSinceMs: 0,
})
