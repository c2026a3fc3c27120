/** What a strategy may look at: anything that has a weight and a load can be balanced. */
export interface Candidate {
  readonly id: string
  /**
   * How much of the work it should get now, beside the others; above 0. Less than `fullWeight` while it
   * warms up, or says that it is loaded.
   */
  readonly weight: number
  /** The weight it was given, for strategies that must not move keys whenever a load changes. */
  readonly fullWeight: number
  /** Leases held, counted from the moment of the pick, so a slow connect counts. */
  readonly active: number
  /** Moving average of its response times in milliseconds; 0 while it was never measured. */
  readonly responseTimeMs: number
  /** The same, but a longer time replaces it at once, and it decays with time alone: e⁻¹ in 10 s. */
  readonly peakResponseTimeMs: number
  /** The share of its latest answers that were errors, 0 … 1: it may be fast because it fails. */
  readonly errorShare: number
  /** Leases that still wait for their first answer. */
  readonly waiting: number
  /** When it answered last, or was given the work it waits with since, on the pool's clock. */
  readonly quietSinceMs: number
}

/**
 * At least one. The array keeps its identity until a candidate comes, goes or changes its weight, so tables
 * can be cached for it.
 */
export type Candidates<C extends Candidate = Candidate> = readonly [C, ...C[]]

/** Decides which backend gets the next piece of work. */
export interface Strategy {
  readonly name: string
  /** Says that `pick` never looks at the key, so that none need be made: that can take a system call. */
  readonly ignoresKey?: true
  /**
   * Chooses one of `candidates`: never empty, and every one may take work now. Synchronous.
   *
   * What it throws comes out of `pool.lease`; in a proxy nobody catches it. See `guarded`.
   */
  pick<C extends Candidate>(candidates: Candidates<C>, key: string): C
  /** What `pick` compares, where that is one number a candidate: the lowest wins. To explain picks; changes nothing. */
  score?(candidate: Candidate, key: string): number
}
