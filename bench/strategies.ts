/**
 * What a pick costs: nanoseconds of every strategy, among 4, 50 and 500 candidates.
 *
 * Loads move as they do in the pool: a pick adds one, the oldest piece of work in flight ends. n-to-1 looks
 * at nothing, so its row is also the price of that bookkeeping.
 */

import type { Candidate } from '../src/pool/strategy.ts'
import { strategies } from '../src/strategies/index.ts'
import { spread } from './harness/numbers.ts'
import { interleave } from './harness/rounds.ts'
import { fullSize, type Size, scaled } from './harness/size.ts'
import { table } from './harness/table.ts'

const CANDIDATE_COUNTS = [4, 50, 500]
const PICKS_A_ROUND = 1_000_000
const KEYS = Array.from({ length: 1_024 }, (_, index) => `192.0.2.${index}`)

export async function run(size: Size = fullSize): Promise<string> {
  const columns: Map<string, number[]>[] = []
  for (const count of CANDIDATE_COUNTS) columns.push(await column(count, size))
  const head = ['ns a pick', ...CANDIDATE_COUNTS.map((count) => `${count} candidates`)]
  const rows = Object.keys(strategies).map((name) => [
    name,
    ...columns.map((samples) => spread(samples.get(name) ?? [])),
  ])
  const about = `Node ${process.version}, median of ${size.rounds} rounds (least–most), interleaved.`
  return `${about}\n\n${table(head, rows)}`
}

function column(count: number, size: Size): Promise<Map<string, number[]>> {
  // A strategy that looks at all of them gets fewer picks, so that a round stays under a second.
  const picks = scaled(PICKS_A_ROUND / Math.max(1, count / 50), size)
  const runners = Object.entries(strategies).map(([name, make]) => ({
    name,
    round: async () => nanosecondsAPick(make, count, picks),
  }))
  return interleave(runners, size.rounds)
}

type Loaded = { -readonly [Key in keyof Candidate]: Candidate[Key] }

function nanosecondsAPick(make: (typeof strategies)[string], count: number, picks: number): number {
  const [first, ...rest] = Array.from({ length: count }, (_, index) => loaded(index))
  const candidates = [first!, ...rest] as const
  const flying: Loaded[] = Array.from({ length: 2 * count }, () => first!)
  first!.active = flying.length
  const strategy = make()
  const start = process.hrtime.bigint()
  for (let done = 0; done < picks; done++) {
    const picked = strategy.pick(candidates as readonly [Loaded, ...Loaded[]], KEYS[done & 1_023]!)
    const slot = done % flying.length
    flying[slot]!.active--
    flying[slot] = picked
    picked.active++
  }
  return Number(process.hrtime.bigint() - start) / picks
}

const loaded = (index: number): Loaded => ({
  id: `127.0.0.1:${5_000 + index}`,
  weight: 1,
  fullWeight: 1,
  active: 0,
  responseTimeMs: 1 + (index % 7),
  peakResponseTimeMs: 1 + (index % 7),
  errorShare: 0,
  waiting: 0,
  quietSinceMs: 0,
})
