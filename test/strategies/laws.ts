import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Clock } from '../../src/base/clock.ts'
import { seeded } from '../../src/base/random.ts'
import { Pool } from '../../src/pool/pool.ts'
import type { Candidate, Candidates, Strategy } from '../../src/pool/strategy.ts'
import type { StrategyContext } from '../../src/strategies/index.ts'

export type Make = (context: StrategyContext) => Strategy

/** What every strategy obeys, unless it names an exception. `hold` throws when it is broken. */
export interface Law {
  readonly sentence: string
  hold(make: Make): void
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
      assert.equal(pileUp(make, candidates).size, candidates.length)
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
    hold(make) {
      for (const responseTimeMs of [0, 100]) {
        const weights = [3, 1, 2]
        const candidates = some(
          idle(3).map((c, i) => ({
            ...c,
            weight: weights[i]!,
            fullWeight: weights[i]!,
            responseTimeMs,
          })),
        )
        const counts = [...pileUp(make, candidates).values()]
        const wanted = weights.map((weight) => (picks / 6) * weight)
        const isNear = counts.every((count, i) => Math.abs(count - wanted[i]!) <= 1)
        assert.ok(isNear && counts.length === 3, `${counts} instead of ${wanted}`)
      }
    },
  },
]

/** `count` candidates that hold no work. */
export function idle(count: number): [Writable, ...Writable[]] {
  return some(Array.from({ length: count }, (_, i) => candidate(`h:${i + 1}`)))
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

function candidate(id: string): Writable {
  return {
    id,
    weight: 1,
    fullWeight: 1,
    active: 0,
    responseTimeMs: 0,
    peakResponseTimeMs: 0,
    errorShare: 0,
    waiting: 0,
    quietSinceMs: 0,
  }
}

/** Picks without an end to the work. @returns how often each was picked, in the order of the candidates. */
function pileUp(make: Make, candidates: Candidates<Writable>): Map<Writable, number> {
  const strategy = make(context(stopped))
  const counts = new Map<Writable, number>()
  for (let i = 0; i < picks; i++) {
    const picked = strategy.pick(candidates, `key ${i}`)
    picked.active++
    counts.set(picked, (counts.get(picked) ?? 0) + 1)
  }
  return new Map(candidates.filter((c) => counts.has(c)).map((c) => [c, counts.get(c)!]))
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

const anyCandidate: fc.Arbitrary<Candidate> = fc.record({
  id: fc.string(),
  weight: fc.oneof(
    fc.integer({ min: 1, max: 10 }),
    fc.double({ min: 0.001, max: 1_000, noNaN: true }),
  ),
  fullWeight: fc.integer({ min: 1, max: 10 }),
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
