import type { Candidate, Candidates, Strategy } from '../pool/strategy.ts'

/**
 * Takes the candidates in turn; one of weight 3 gets three turns for each one of weight 1, spread out.
 *
 * For work of one size: it never looks at load, so a backend that has become slow gets as much as
 * before. Each pick is O(1) while the weights are equal, O(n) otherwise.
 *
 * @see nginx, "smooth weighted round-robin": weights 5, 1, 1 give a a b a c a a.
 */
export function roundRobin(): Strategy {
  let turn = 0
  let known: readonly Candidate[] = []
  let equal = true
  const credit = new WeakMap<Candidate, number>()
  return {
    name: 'round-robin',
    ignoresKey: true,
    pick(candidates) {
      if (candidates !== known) {
        turn = nextTurn(known, turn, candidates)
        known = candidates
        equal = candidates.every(({ weight }) => weight === candidates[0].weight)
      }
      if (!equal) return smoothest(candidates, credit)
      if (turn >= candidates.length) turn = 0
      return candidates[turn++]!
    },
  }
}

/** Whose turn it would have been, or the first after it that is still there, in the new order. */
function nextTurn(from: readonly Candidate[], turn: number, to: readonly Candidate[]): number {
  for (let step = 0; step < from.length; step++) {
    const place = to.indexOf(from[(turn + step) % from.length]!)
    if (place >= 0) return place
  }
  return 0
}

/** Each gains its weight; the richest is picked and pays what all gained together. */
function smoothest<C extends Candidate>(
  candidates: Candidates<C>,
  credit: WeakMap<Candidate, number>,
): C {
  let total = 0
  let best = candidates[0]
  let bestCredit = Number.NEGATIVE_INFINITY
  for (const candidate of candidates) {
    const held = (credit.get(candidate) ?? 0) + candidate.weight
    credit.set(candidate, held)
    total += candidate.weight
    if (held <= bestCredit) continue
    best = candidate
    bestCredit = held
  }
  credit.set(best, bestCredit - total)
  return best
}
