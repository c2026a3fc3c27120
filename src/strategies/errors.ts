import type { Candidate } from '../pool/strategy.ts'

/** What a candidate that fails three times in a row costs. */
const failureMs = 1_000
/** No candidate is so bad that no crowd at the others could make it the better one. */
const leastShare = 0.01
/** What it failed is forgotten to e⁻¹ in this time of silence, so that it is tried again. */
const forgottenMs = 10_000

/**
 * How long an answer takes that is not an error: as many tries as that needs, and a second in proportion
 * to the chance that three in a row fail. A failure is often quick; without that second, whoever fails
 * at once would seem to be the fastest. One error among ten answers adds a tenth and a millisecond.
 */
export function untilSuccessMs(answerMs: number, candidate: Candidate, nowMs: number): number {
  const { errorShare } = candidate
  if (errorShare === 0) return answerMs
  const quietMs = candidate.waiting > 0 ? 0 : nowMs - candidate.quietSinceMs
  const share = errorShare * Math.exp(-quietMs / forgottenMs)
  return (answerMs + failureMs * share ** 3) / Math.max(1 - share, leastShare)
}
