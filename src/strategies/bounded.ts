import type { Candidate, Candidates } from '../pool/strategy.ts'

/** What strategies by key take. */
export interface KeyOptions {
  /**
   * How much of the work a candidate may hold before its keys go elsewhere, as a multiple of its share:
   * 1.25 is a quarter more. At least 1, or 0 for no limit.
   */
  readonly loadFactor?: number
}

/** @throws RangeError for a factor with which there might be no candidate below its limit. */
export function checkLoadFactor(factor: number): number {
  if (factor === 0 || (factor >= 1 && factor < Number.POSITIVE_INFINITY)) return factor
  throw new RangeError(`loadFactor is ${factor}: 0, or at least 1 wanted`)
}

/**
 * How much one may hold for each unit of its full weight, the piece of work included that is being given
 * out. O(n).
 *
 * @see Mirrokni et al., "Consistent Hashing with Bounded Loads" (2018).
 */
export function limitOf(candidates: Candidates, factor: number): number {
  let active = 1
  let weight = 0
  for (const candidate of candidates) {
    active += candidate.active
    weight += candidate.fullWeight
  }
  return (factor * active) / weight
}

/** Rounded up, so that there is always one with room, and an idle one always has it. */
export const hasRoom = (candidate: Candidate, limit: number): boolean =>
  candidate.active < Math.ceil(limit * candidate.fullWeight)
