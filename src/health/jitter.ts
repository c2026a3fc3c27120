import type { Random } from '../base/random.ts'

const share = 0.1

/** A tenth more or less, evenly, so that many balancers, and many backends, do not fall into step. */
export function jittered(ms: number, random: Random): number {
  return ms * (1 + share * (2 * random() - 1))
}
