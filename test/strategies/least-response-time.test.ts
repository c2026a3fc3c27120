import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seeded } from '../../src/base/random.ts'
import type { Lease } from '../../src/pool/lease.ts'
import type { Pool } from '../../src/pool/pool.ts'
import { strategies } from '../../src/strategies/index.ts'
import { type Make, poolOf, weighing } from './laws.ts'
import { simulate } from './simulate.ts'

/** Begins with the first of a tie. */
const make: Make = ({ now }) => strategies['least-response-time']!({ now, random: () => 0 })

/** A pool whose backends answered once, after these times, and the clock it runs by. */
function measured(timesMs: readonly number[]): { pool: Pool; clock: { ms: number } } {
  const clock = { ms: 0 }
  const pool = poolOf(timesMs.length, make, () => clock.ms)
  const leases = timesMs.map(() => pool.lease('')!)
  for (const [i, lease] of leases.entries()) lease.release('ok', timesMs[i]!)
  return { pool, clock }
}

const picks = (pool: Pool, count: number): string[] =>
  Array.from({ length: count }, () => pool.lease('')!.backend.id)

describe('least-response-time', () => {
  it('counts the average for each one active, and the new one', () => {
    const { pool } = measured([10, 20, 31])
    // 10 20 31, then 20 20 31 (fewest active first), 20 40 31, 30 40 31, 40 40 31, …
    assert.deepEqual(picks(pool, 5), ['h:1', 'h:2', 'h:1', 'h:1', 'h:3'])
  })

  it('breaks ties by fewest active, then in turn', () => {
    const { pool } = measured([10, 10, 10])
    assert.deepEqual(picks(pool, 4), ['h:1', 'h:2', 'h:3', 'h:1'])
  })

  it('tries one that was never measured first', () => {
    const pool = poolOf(3, make, () => 0)
    pool.lease('')!.release('ok', 1)
    assert.deepEqual(picks(pool, 2), ['h:2', 'h:3'])
  })

  it('gives one trial to each that was never measured, not the work of all', () => {
    const candidates = weighing([1, 1, 1], 10)
    Object.assign(candidates[2]!, { responseTimeMs: 0 })
    const strategy = make({ now: () => 0, random: seeded(1) })
    const picked = Array.from({ length: 9 }, () => {
      const one = strategy.pick(candidates, '')
      one.active++
      one.waiting++
      return one.id
    })
    assert.equal(picked[0], 'h:3')
    assert.deepEqual(
      candidates.map(({ active }) => active),
      [3, 3, 3],
    )
  })

  it('goes by load alone while none was measured', () => {
    const pool = poolOf(3, make, () => 0)
    assert.deepEqual(picks(pool, 6), ['h:1', 'h:2', 'h:3', 'h:1', 'h:2', 'h:3'])
  })

  it('tries a slow one that was idle for long with one piece of work at a time', () => {
    const { pool, clock } = measured([300, 10, 10])
    clock.ms += 30_000
    assert.equal(picks(pool, 20).filter((id) => id === 'h:1').length, 1)
  })

  it('keeps the order of the averages however long all were idle', () => {
    for (const idleMs of [1_000, 100_000, 1e9]) {
      const { pool, clock } = measured([300, 20, 100])
      clock.ms += idleMs
      assert.equal(pool.lease('')!.backend.id, 'h:2', `after ${idleMs} ms`)
    }
  })

  it('gives one that hangs the work of a second, not more', () => {
    const { pool, clock } = measured([10, 10, 10])
    const hung: Lease[] = []
    for (let pick = 0; pick < 1_000; pick++, clock.ms += 10) {
      const lease = pool.lease('')!
      if (lease.backend.id === 'h:1') hung.push(lease)
      else lease.release('ok', 10)
    }
    assert.ok(hung.length >= 1 && hung.length <= 100, `${hung.length} of 1000 went to it`)
  })

  it('gives one that hangs from the start the work of a second, not more', () => {
    const clock = { ms: 0 }
    const pool = poolOf(3, make, () => clock.ms)
    let hung = 0
    for (let pick = 0; pick < 1_000; pick++, clock.ms += 10) {
      const lease = pool.lease('')!
      if (lease.backend.id === 'h:2') hung++
      else lease.release('ok', 10)
    }
    assert.ok(hung >= 1 && hung <= 101, `${hung} of 1000 went to it`)
  })

  it('forgets a time long past at the first new one', () => {
    const { pool, clock } = measured([1_000])
    clock.ms += 60_000
    pool.lease('')!.release('ok', 10)
    assert.ok(pool.view().backends[0]!.averageResponseTimeMs < 30)
  })
})

/** As in Traefik issue 12306: five equal backends that compute, where one got 5 of 1500 requests. */
describe('least-response-time, equal backends that compute', () => {
  for (const clients of [1, 2, 3, 5, 10, 20, 50]) {
    it(`starves none with ${clients} clients at a time`, () => {
      const counts = simulate({ clients, requests: 1_500, workMs: () => 50 })
      assert.ok(Math.min(...counts) >= 150, `${counts}`)
    })

    it(`starves none with ${clients} clients that pause`, () => {
      const counts = simulate({ clients, requests: 1_500, pauseMs: 100, workMs: () => 50 })
      assert.ok(Math.min(...counts) >= 150, `${counts}`)
    })

    it(`comes back to one whose first answer was slow, with ${clients} clients at a time`, () => {
      const workMs = (backend: number, nth: number) => (backend === 0 && nth === 1 ? 1_000 : 50)
      const counts = simulate({ clients, requests: 6_000, workMs })
      assert.ok(Math.min(...counts) >= 400, `${counts}`)
    })
  }

  it('spares one that is slow, and still tries it', () => {
    const workMs = (backend: number) => (backend === 0 ? 1_000 : 50)
    const counts = simulate({ clients: 4, requests: 3_000, workMs })
    assert.ok(counts[0]! >= 2 && counts[0]! <= 60, `${counts}`)
  })
})
