import { describe, it } from 'node:test'
import { simulate, type Workload } from '../../src/simulator.ts'
import { near } from './queue.ts'

const bins = 12
const trials = 3_000

/** All balls at once, and none ever leaves in time. */
const throwing: Workload = {
  arrivals: { kind: 'bursts', size: bins, everyMs: 1_000 },
  service: { kind: 'constant', meanMs: 1 },
  backends: [{ name: 'bin', count: bins }],
  requests: bins,
}

/** The average of the highest bin over many throws. */
function highest(strategy: string): number {
  let sum = 0
  for (let seed = 1; seed <= trials; seed++) {
    sum += simulate(throwing, [strategy], { seed }).strategies[0]!.queue.most
  }
  return sum / trials
}

describe('as many balls as bins', () => {
  it('thrown at random pile up as high as is to be expected', () => {
    near(highest('random'), expectedHighest(atRandom), 'highest bin')
  })

  it('thrown into the emptier of two pile up much less', () => {
    near(highest('two-choices'), expectedHighest(emptierOfTwo), 'highest bin')
  })
})

/** The chance that the next ball falls into one of the bins that hold as many as `bins[from]`. */
type Rule = (sorted: readonly number[], held: number) => number

const atRandom: Rule = (sorted, held) => sorted.filter((one) => one === held).length / bins

/** Two different bins; of the pairs, those whose emptier one holds `held`. */
const emptierOfTwo: Rule = (sorted, held) => {
  const same = sorted.filter((one) => one === held).length
  const fuller = sorted.filter((one) => one > held).length
  return (same * (same - 1) + 2 * same * fuller) / (bins * (bins - 1))
}

/** Exactly: the probabilities of all ways to fill the bins, ball by ball, order of bins disregarded. */
function expectedHighest(rule: Rule): number {
  let states = new Map<string, number>([[Array(bins).fill(0).join(), 1]])
  for (let ball = 0; ball < bins; ball++) {
    const next = new Map<string, number>()
    for (const [state, chance] of states) {
      const sorted = state.split(',').map(Number)
      for (const held of new Set(sorted)) {
        const filled = [...sorted]
        filled[filled.indexOf(held)]!++
        const key = filled.sort((a, b) => a - b).join()
        next.set(key, (next.get(key) ?? 0) + chance * rule(sorted, held))
      }
    }
    states = next
  }
  let expected = 0
  for (const [state, chance] of states) expected += chance * Number(state.split(',').at(-1))
  return expected
}
