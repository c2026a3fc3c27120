import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Clock } from '../../src/base/clock.ts'
import { seeded } from '../../src/base/random.ts'
import { Pool } from '../../src/pool/pool.ts'
import type { Candidate, Candidates, Strategy } from '../../src/pool/strategy.ts'
import { sample } from '../../src/strategies/guarded.ts'
import type { StrategyContext } from '../../src/strategies/index.ts'

export type Make = (context: StrategyContext) => Strategy

/** What every strategy obeys, unless it names an exception. */
export interface Law {
  readonly sentence: string
  /**
   * Throws when it is broken.
   *
   * @param spread how far from its share each may be, as a part of it, for strategies left to chance.
   */
  hold(make: Make, spread?: number): void
}

const picks = 600
const stopped: Clock = () => 0
const context = (now: Clock): StrategyContext => ({ now, random: seeded(4) })

export const laws: readonly Law[] = [
  {
    sentence: 'returns one of the candidates, whatever their state',
    hold(make) {
      const property = fc.property(pasts, (past) => {
        let nowMs = 0
        const strategy = make(context(() => nowMs))
        for (const { candidates, key, afterMs } of past) {
          nowMs += afterMs
          assert.ok(candidates.includes(strategy.pick(candidates, key)))
        }
      })
      fc.assert(property, { numRuns: 300 })
    },
  },
  {
    sentence: 'changes neither the candidates nor their array',
    hold(make) {
      const candidates = Object.freeze(idle(5).map((c) => Object.freeze(c))) as readonly Candidate[]
      const before = JSON.stringify(candidates)
      const strategy = make(context(stopped))
      for (let i = 0; i < picks; i++) strategy.pick(some(candidates), `key ${i}`)
      assert.equal(JSON.stringify(candidates), before)
    },
  },
  {
    sentence: 'takes the only candidate',
    hold(make) {
      const strategy = make(context(stopped))
      for (const candidate of idle(3)) assert.equal(strategy.pick([candidate], 'key'), candidate)
    },
  },
  {
    sentence: 'follows the candidates when they come and go between picks',
    hold(make) {
      const all = idle(6)
      const property = fc.property(
        fc.array(fc.shuffledSubarray(all, { minLength: 1 }), { minLength: 1 }),
        (arrays) => {
          const strategy = make(context(stopped))
          for (const array of arrays) {
            assert.ok(array.includes(strategy.pick(some(array), 'key') as (typeof all)[number]))
          }
        },
      )
      fc.assert(property, { numRuns: 300 })
    },
  },
  {
    sentence: 'picks the same for the same past and the same clock',
    hold(make) {
      const property = fc.property(fc.infiniteStream(fc.nat(3)), (decisions) => {
        const taken = [...decisions.take(80)]
        assert.deepEqual(replay(make, taken), replay(make, taken))
      })
      fc.assert(property, { numRuns: 100 })
    },
  },
  {
    sentence: 'leaves no candidate idle for ever while work piles up',
    hold(make) {
      const candidates = idle(7)
      for (const [{ id }, count] of pileUp(make, candidates)) assert.ok(count > 0, id)
    },
  },
  {
    sentence: 'leaves no candidate idle for ever when all work is finished at once',
    hold(make) {
      let nowMs = 0
      const pool = poolOf(7, make, () => nowMs)
      for (let i = 0; i < picks; i++) {
        const lease = pool.lease(`key ${i}`)!
        nowMs += 10
        lease.release('ok', 10)
      }
      for (const { id, leases } of pool.view().backends) {
        assert.ok(leases >= picks / 7 / 2, `${id} got ${leases} of ${picks}`)
      }
    },
  },
  {
    sentence: 'spreads what one candidate never manages over all the others',
    hold(make) {
      const pool = poolOf(4, make, stopped)
      for (let i = 0; i < picks; i++) {
        const lease = pool.lease(`key ${i}`)!
        if (lease.backend.id !== 'h:1') continue
        lease.release('aborted')
        pool.lease(`key ${i}`, [lease.backend])
      }
      const [first, ...others] = pool.view().backends
      for (const { id, leases } of others) {
        assert.ok(leases >= picks / 3 / 2, `${id} got ${leases}, ${first!.id} ${first!.leases}`)
      }
    },
  },
  {
    sentence: 'gives to each by its weight while work piles up',
    hold(make, spread = 0) {
      for (const ms of [0, 100]) assertShares(pileUp(make, weighing([3, 1, 2], ms)), spread)
    },
  },
  {
    sentence: 'gives to each by its weight when all work is finished at once',
    hold(make, spread = 0.1) {
      const strategy = make(context(stopped))
      for (const ms of [0, 100]) {
        const candidates = weighing([3, 1, 2], ms)
        const counts = new Map(candidates.map((candidate) => [candidate, 0]))
        for (let i = 0; i < 10 * picks; i++) {
          const picked = strategy.pick(candidates, `10.0.${i >> 8}.${i & 255}`)
          counts.set(picked, counts.get(picked)! + 1)
        }
        assertShares(counts, spread)
      }
    },
  },
]

/** `count` candidates that hold no work. */
export function idle(count: number): [Writable, ...Writable[]] {
  return some(Array.from({ length: count }, (_, i) => sample(`h:${i + 1}`)))
}

/** Candidates of these weights that hold no work, and answer after `ms`. */
export function weighing(weights: readonly number[], ms = 0): [Writable, ...Writable[]] {
  const make = (weight: number, i: number): Writable => ({
    ...sample(`h:${i + 1}`),
    weight,
    fullWeight: weight,
    responseTimeMs: ms,
    peakResponseTimeMs: ms,
  })
  return some(weights.map(make))
}

/** A pool of `count` backends, `h:1` first. */
export function poolOf(
  count: number,
  make: Make,
  now: Clock,
  weights: readonly number[] = [],
): Pool {
  const specs = Array.from({ length: count }, (_, i) => ({
    address: { host: 'h', port: i + 1 },
    weight: weights[i] ?? 1,
  }))
  return new Pool(specs, make(context(now)), { now })
}

export type Writable = { -readonly [K in keyof Candidate]: Candidate[K] }

/** Picks without an end to the work. @returns how often each was picked, in the order of the candidates. */
function pileUp(make: Make, candidates: Candidates<Writable>): Map<Writable, number> {
  const strategy = make(context(stopped))
  const counts = new Map(candidates.map((candidate) => [candidate, 0]))
  for (let i = 0; i < picks; i++) {
    const picked = strategy.pick(candidates, `key ${i}`)
    picked.active++
    picked.waiting++
    counts.set(picked, counts.get(picked)! + 1)
  }
  return counts
}

/** Each got its share by weight, give or take one, or `spread` of it. */
function assertShares(counts: ReadonlyMap<Writable, number>, spread: number): void {
  const all = [...counts]
  const picks = all.reduce((sum, [, count]) => sum + count, 0)
  const weights = all.reduce((sum, [{ fullWeight }]) => sum + fullWeight, 0)
  for (const [{ id, fullWeight }, count] of all) {
    const share = (picks * fullWeight) / weights
    const isNear = Math.abs(count - share) <= Math.max(1, share * spread)
    assert.ok(isNear, `${id} got ${count} of ${picks} instead of ${share}`)
  }
}

/** Who was picked, when the decisions say at each step whether to lease, to end work or to wait. */
function replay(make: Make, decisions: readonly number[]): string[] {
  let nowMs = 0
  const pool = poolOf(4, make, () => nowMs)
  const picked: string[] = []
  const held: { end(): void }[] = []
  for (const [step, decision] of decisions.entries()) {
    nowMs += decision * 40
    if (decision === 0) held.shift()?.end()
    const startMs = nowMs
    const lease = pool.lease(`key ${step % 5}`)!
    held.push({ end: () => lease.release('ok', nowMs - startMs) })
    picked.push(lease.backend.id)
  }
  return picked
}

const anyWeight = fc.oneof(
  fc.integer({ min: 1, max: 10 }),
  fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
)

const anyCandidate: fc.Arbitrary<Candidate> = fc.record({
  id: fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.string()),
  weight: anyWeight,
  fullWeight: anyWeight,
  active: fc.nat(1_000),
  peakResponseTimeMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true })),
  errorShare: fc.double({ min: 0, max: 1, noNaN: true }),
  responseTimeMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true })),
  waiting: fc.nat(3),
  quietSinceMs: fc.nat(1_000_000),
})

const pasts: fc.Arbitrary<{ candidates: Candidates; key: string; afterMs: number }[]> = fc.array(
  fc.record({
    candidates: fc.array(anyCandidate, { minLength: 1, maxLength: 8 }).map(some),
    key: fc.string(),
    afterMs: fc.nat(100_000),
  }),
  { minLength: 1, maxLength: 8 },
)

function some<T>(items: readonly T[]): [T, ...T[]] {
  assert.ok(items.length > 0)
  return items as [T, ...T[]]
}
