import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Lease } from '../../src/pool/lease.ts'
import { Pool } from '../../src/pool/pool.ts'
import { roundRobin } from '../../src/strategies/round-robin.ts'

/** A pool of `count` backends, `h:1` first, its clock, and every change of health it tells. */
function setUp(count = 2) {
  const clock = { ms: 0 }
  const specs = Array.from({ length: count }, (_, i) => ({ address: { host: 'h', port: i + 1 } }))
  const pool = new Pool(specs, roundRobin(), {
    now: () => clock.ms,
    failOpen: false,
    slowStartMs: 0,
  })
  const told: string[] = []
  pool.onTransition(({ event, backend, reason }) => {
    told.push([event, backend?.id ?? '', reason].filter((word) => word !== '').join(' '))
  })
  return { pool, clock, told }
}

const idOf = (lease: Lease | undefined): string | undefined => lease?.backend.id
const viewOf = (pool: Pool, index = 0) => pool.view().backends[index]!

describe('a lease', () => {
  it('counts as active from the pick until it is released', () => {
    const { pool } = setUp(1)
    const [first, second] = [pool.lease('')!, pool.lease('')!]
    assert.equal(viewOf(pool).active, 2)
    first.connected()
    first.release('ok', 5)
    second.release('aborted')
    const { active, leases, ok, failed, aborted } = viewOf(pool)
    assert.deepEqual([active, leases, ok, failed, aborted], [0, 2, 1, 0, 1])
  })

  it('throws when it is released twice, and changes nothing', () => {
    const { pool } = setUp(1)
    const lease = pool.lease('')!
    lease.release('ok')
    const before = pool.view()
    assert.throws(() => lease.release('failed'), /the lease of h:1 was released twice/)
    assert.deepEqual(pool.view(), before)
  })

  it('counts bytes and the first response time', () => {
    const { pool } = setUp(1)
    const lease = pool.lease('')!
    lease.sent(3)
    lease.received(4)
    lease.received(5)
    lease.answered(20)
    lease.answered(99)
    lease.release('ok', 99)
    const { sentBytes, receivedBytes, averageResponseTimeMs, responseTimes } = viewOf(pool)
    assert.deepEqual([sentBytes, receivedBytes, averageResponseTimeMs], [3, 9, 20])
    assert.equal(responseTimes.count, 1)
  })

  it('measures nothing when no response time is given', () => {
    const { pool } = setUp(1)
    pool.lease('')!.release('aborted')
    assert.equal(viewOf(pool).responseTimes.count, 0)
  })

  it('measures times that follow one another closely with a tenth of the weight', () => {
    const { pool } = setUp(1)
    for (const ms of [100, 200]) pool.lease('')!.release('ok', ms)
    assert.equal(viewOf(pool).averageResponseTimeMs, 110)
  })
})

describe('a backend that cannot be connected to', () => {
  it('is left out for a second, then tried once', () => {
    const { pool, clock } = setUp(2)
    const [a] = [pool.lease('')!, pool.lease('')!]
    a.release('failed', undefined, 'refused')
    clock.ms = 999
    assert.deepEqual(
      [1, 2, 3].map(() => idOf(pool.lease(''))),
      ['h:2', 'h:2', 'h:2'],
    )
    clock.ms = 1_000
    const leases = [1, 2, 3, 4].map(() => pool.lease('')!)
    assert.equal(leases.filter((lease) => idOf(lease) === 'h:1').length, 1)
    assert.deepEqual(leases.filter(({ isTrial }) => isTrial).map(idOf), ['h:1'])
  })

  it('is left out twice as long after each failed trial, 30 s at most', () => {
    const { pool, clock } = setUp(1)
    pool.lease('')!.release('failed')
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      clock.ms += pauseMs - 1
      assert.equal(pool.lease(''), undefined, `before ${pauseMs} ms`)
      clock.ms += 1
      const trial = pool.lease('')
      assert.ok(trial?.isTrial, `after ${pauseMs} ms`)
      trial.release('failed')
    }
  })

  it('begins with a second again once it was back', () => {
    const { pool, clock } = setUp(1)
    pool.lease('')!.release('failed')
    clock.ms += 1_000
    pool.lease('')!.release('failed')
    clock.ms += 2_000
    const trial = pool.lease('')!
    trial.connected()
    trial.release('failed')
    pool.lease('')!.release('failed')
    clock.ms += 1_000
    assert.ok(pool.lease('')?.isTrial)
  })

  it('is tried by the next lease when the trial was aborted', () => {
    const { pool, clock } = setUp(1)
    pool.lease('')!.release('failed')
    clock.ms = 1_000
    const trial = pool.lease('')!
    assert.equal(pool.lease(''), undefined)
    trial.release('aborted')
    assert.ok(pool.lease('')?.isTrial)
    assert.equal(pool.lease(''), undefined)
  })

  it('goes on as if nothing had happened when work fails after it was taken', () => {
    const { pool, told } = setUp(1)
    const lease = pool.lease('')!
    lease.connected()
    lease.release('failed')
    assert.equal(viewOf(pool).health, 'up')
    assert.equal(viewOf(pool).failed, 1)
    assert.deepEqual(told, [])
  })

  it('is back when any dial succeeds, even one begun before it fell', () => {
    const { pool, told } = setUp(1)
    const [early, late] = [pool.lease('')!, pool.lease('')!]
    late.release('failed', undefined, 'refused')
    early.connected()
    assert.equal(viewOf(pool).health, 'up')
    assert.deepEqual(told, ['backend_down h:1 refused', 'backend_up h:1'])
  })

  it('is down once, whatever dials begun before still fail', () => {
    const { pool, clock, told } = setUp(1)
    const early = [1, 2, 3].map(() => pool.lease('')!)
    early[0]!.release('failed', undefined, 'first')
    clock.ms = 500
    early[1]!.release('failed', undefined, 'second')
    clock.ms = 1_000
    const trial = pool.lease('')!
    early[2]!.release('failed', undefined, 'third')
    assert.equal(viewOf(pool).health, 'trial')
    trial.connected()
    assert.deepEqual(told, ['backend_down h:1 first', 'backend_up h:1'])
  })

  it('is on one trial at a time, although an older one is still under way', () => {
    const { pool, clock } = setUp(1)
    const [early] = [pool.lease('')!, pool.lease('')!.release('failed')]
    clock.ms = 1_000
    const older = pool.lease('')!
    early.connected()
    pool.lease('')!.release('failed')
    clock.ms = 2_000
    const newer = pool.lease('')!
    assert.ok(older.isTrial && newer.isTrial)
    older.release('aborted')
    assert.equal(pool.lease(''), undefined)
    newer.connected()
    assert.equal(viewOf(pool).health, 'up')
  })

  it('tells each change once, and no one who has stopped listening', () => {
    const { pool, clock, told } = setUp(1)
    const heard: string[] = []
    const stop = pool.onTransition(({ event }) => heard.push(event))
    pool.lease('')!.release('failed', undefined, 'refused')
    clock.ms = 1_000
    pool.lease('')!.release('failed', undefined, 'refused again')
    assert.equal(viewOf(pool).reason, 'refused again')
    stop()
    clock.ms = 3_000
    const trial = pool.lease('')!
    trial.connected()
    trial.connected()
    trial.release('ok')
    assert.deepEqual(told, ['backend_down h:1 refused', 'backend_up h:1'])
    assert.deepEqual(heard, ['backend_down'])
    assert.equal(viewOf(pool).reason, '')
  })
})

describe('a pool', () => {
  it('leases nothing when it has no backend, or all were tried', () => {
    assert.equal(setUp(0).pool.lease(''), undefined)
    const { pool } = setUp(2)
    const [a, b] = [pool.lease('')!.backend, pool.lease('')!.backend]
    assert.equal(pool.lease('', [a, b]), undefined)
    assert.equal(idOf(pool.lease('', [a])), 'h:2')
  })

  it('gives a view that later work does not change', () => {
    const { pool } = setUp(1)
    const lease = pool.lease('')!
    const view = pool.view()
    const before = structuredClone(view)
    lease.sent(10)
    lease.release('ok', 10)
    assert.deepEqual(view, before)
    assert.notDeepEqual(pool.view(), before)
  })

  it('hands the strategy the same array until a backend comes or goes', () => {
    const seen: unknown[] = []
    const strategy = { ...roundRobin(), name: 'spy' }
    const spy = {
      name: 'spy',
      pick: ((candidates, key) => {
        seen.push(candidates)
        return strategy.pick(candidates, key)
      }) as typeof strategy.pick,
    }
    const specs = [1, 2].map((port) => ({ address: { host: 'h', port } }))
    const pool = new Pool(specs, spy)
    const [first] = [pool.lease('')!, pool.lease('')!, pool.lease('')!]
    first.release('failed')
    pool.lease('')
    pool.lease('')
    assert.equal(new Set(seen.slice(0, 3)).size, 1)
    assert.equal(new Set(seen.slice(3)).size, 1)
    assert.notEqual(seen[0], seen[3])
  })

  it('refuses two backends at the same address', () => {
    const specs = [1, 2, 1].map((port) => ({ address: { host: 'h', port } }))
    const message = 'backend h:1 is named twice'
    assert.throws(() => new Pool(specs, roundRobin()), { code: 'ADDRESS', message })
  })
  it('refuses a port or a weight that is none, before anybody dials', () => {
    const make = (port: number, weight: number) => () =>
      new Pool([{ address: { host: 'h', port }, weight }], roundRobin())
    for (const port of [-1, 1.5, 65_536, Number.NaN]) assert.throws(make(port, 1), RangeError)
    for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(make(1, weight), RangeError)
    }
  })
})
