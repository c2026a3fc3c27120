import type { Candidate, Candidates } from '../pool/strategy.ts'

/**
 * The candidate with the lowest score; ties go to the fewest active for its weight, then to the first in
 * order. O(n).
 */
export function least<C extends Candidate>(
  candidates: Candidates<C>,
  score: (candidate: Candidate) => number,
): C {
  let best = candidates[0]
  let bestScore = score(best)
  for (let index = 1; index < candidates.length; index++) {
    const candidate = candidates[index]!
    const candidateScore = score(candidate)
    if (candidateScore > bestScore) continue
    if (candidateScore === bestScore && load(candidate) >= load(best)) continue
    best = candidate
    bestScore = candidateScore
  }
  return best
}

/** Leases held, for the weight. */
export const load = (candidate: Candidate): number => candidate.active / candidate.weight
