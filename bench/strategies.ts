/**
 * What a pick costs: nanoseconds of every strategy, among 5, 50 and 500 candidates.
 *
 * Loads move as they do in the pool: a pick adds one, the oldest piece of work in flight ends. n-to-1 looks
 * at nothing, so its row is also the price of that bookkeeping. A second table has the cost of a change:
 * the first pick from another array with one candidate more, or one less, as when one is new or tried.
 */

import { seeded } from '../src/base/random.ts'
import type { Candidate } from '../src/pool/strategy.ts'
import { type StrategyContext, strategies } from '../src/strategies/index.ts'
import { spread } from './harness/numbers.ts'
import { interleave } from './harness/rounds.ts'
import { fullSize, type Size, scaled } from './harness/size.ts'
import { table } from './harness/table.ts'

const CANDIDATE_COUNTS = [5, 50, 500]
const PICKS_A_ROUND = 1_000_000
const CHANGES_A_ROUND = 40
const KEYS = Array.from({ length: 1_024 }, (_, index) => `192.0.2.${index}`)

type Make = (typeof strategies)[string]
type Loaded = { -readonly [Key in keyof Candidate]: Candidate[Key] }
type Some = readonly [Loaded, ...Loaded[]]

export async function run(size: Size = fullSize): Promise<string> {
  const about = `Node ${process.version}, median of ${size.rounds} rounds (least–most), interleaved.`
  // A strategy that looks at all of them gets fewer picks, so that a round stays under a second.
  const picks = await columns(size, (make, count) =>
    nanosecondsAPick(make, count, scaled(PICKS_A_ROUND / Math.max(1, count / 50), size)),
  )
  const joins = await columns(size, (make, count) =>
    microsecondsAChange(make, count, scaled(CHANGES_A_ROUND, size), joining),
  )
  const leaves = await columns(size, (make, count) =>
    microsecondsAChange(make, count, scaled(CHANGES_A_ROUND, size), leaving),
  )
  return [
    about,
    rows('ns a pick', picks),
    rows('µs when one is new', joins),
    rows('µs when one is left out, or back', leaves),
  ].join('\n\n')
}

type Column = ReadonlyMap<string, readonly number[]>

async function columns(
  size: Size,
  measure: (make: Make, count: number) => number,
): Promise<Column[]> {
  const all: Column[] = []
  for (const count of CANDIDATE_COUNTS) {
    const runners = Object.entries(strategies).map(([name, make]) => ({
      name,
      round: async () => measure(make, count),
    }))
    all.push(await interleave(runners, size.rounds))
  }
  return all
}

function rows(what: string, columns: readonly Column[]): string {
  const head = [what, ...CANDIDATE_COUNTS.map((count) => `${count} candidates`)]
  const rows = Object.keys(strategies).map((name) => [
    name,
    ...columns.map((samples) => spread([...(samples.get(name) ?? [])])),
  ])
  return table(head, rows)
}

function nanosecondsAPick(make: Make, count: number, picks: number): number {
  const candidates = someLoaded(count)
  const flying: Loaded[] = Array.from({ length: 2 * count }, (_, i) => candidates[i % count]!)
  for (const candidate of flying) candidate.active++
  const strategy = make(context())
  const start = process.hrtime.bigint()
  for (let done = 0; done < picks; done++) {
    const picked = strategy.pick(candidates, KEYS[done & 1_023]!)
    const slot = done % flying.length
    flying[slot]!.active--
    flying[slot] = picked
    picked.active++
  }
  return Number(process.hrtime.bigint() - start) / picks
}

/** The arrays that a pick is made from in turn, made before the clock starts. */
type Change = (candidates: Some, nth: number) => Some

const joining: Change = (candidates, nth) =>
  [...candidates, loaded(candidates.length + nth)] as const
const leaving: Change = (candidates, nth) =>
  nth % 2 === 0 ? (candidates.slice(1) as unknown as Some) : ([...candidates] as unknown as Some)

function microsecondsAChange(make: Make, count: number, changes: number, change: Change): number {
  const candidates = someLoaded(count)
  const arrays = Array.from({ length: changes }, (_, nth) => change(candidates, nth))
  const strategy = make(context())
  strategy.pick(candidates, KEYS[0]!)
  const start = process.hrtime.bigint()
  for (const [nth, array] of arrays.entries()) strategy.pick(array, KEYS[nth & 1_023]!)
  return Number(process.hrtime.bigint() - start) / changes / 1_000
}

/** The clock is the process's own, which is a part of the cost of those that look at it. */
const context = (): StrategyContext => ({ now: () => performance.now(), random: seeded(1) })

function someLoaded(count: number): Some {
  const [first, ...rest] = Array.from({ length: count }, (_, index) => loaded(index))
  return [first!, ...rest]
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
