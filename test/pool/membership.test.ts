import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { arena, spec, specs } from './pools.ts'

describe('updating a pool', () => {
  it('tells what changes, before and after', () => {
    const { pool } = arena(0)
    pool.update([spec(1), spec(2, { weight: 2 }), spec(3, { isDraining: true }), spec(4)])
    const next = [
      spec(1, { weight: 3 }),
      spec(2, { weight: 2, maxConnections: 5 }),
      spec(3),
      spec(5),
    ]
    const plan = pool.plan(next)
    assert.deepEqual(plan, [
      { what: 'added', id: 'h:5' },
      { what: 'removed', id: 'h:4' },
      { what: 'weight', id: 'h:1', from: 1, to: 3 },
      { what: 'limit', id: 'h:2', from: 0, to: 5 },
      { what: 'ready', id: 'h:3' },
    ])
    assert.deepEqual(pool.update(next), plan)
    assert.deepEqual(pool.plan(next), [])
    assert.deepEqual(
      pool.backends.map(({ id }) => id),
      ['h:1', 'h:2', 'h:3', 'h:5'],
    )
  })

  it('keeps all that is known of a backend that stays', () => {
    const { pool, refuse, take, view } = arena(2, { failOpen: false })
    take(1).release('ok', 25)
    take(1)
    refuse(2)
    const before = pool.view()
    const backends = pool.backends
    pool.update(specs(1, 2))
    assert.deepEqual(pool.view(), before)
    pool.update([spec(2), spec(1, { weight: 4 })])
    assert.deepEqual(view(1), { ...before.backends[0]!, weight: 4, fullWeight: 4 })
    assert.equal(pool.get('h:1'), backends[0])
  })

  it('keeps what was set by hand where the spec says what it said before', () => {
    const { pool, view } = arena(0)
    pool.update([spec(1), spec(2, { weight: 2, isDraining: true }), spec(3)])
    pool.setWeight('h:1', 7)
    pool.drain('h:1')
    pool.ready('h:2')
    const same = [
      spec(1, { weight: 1, isDraining: false }),
      spec(2, { weight: 2, isDraining: true }),
      spec(3, { weight: 2 }),
    ]
    assert.deepEqual(pool.update(same), [{ what: 'weight', id: 'h:3', from: 1, to: 2 }])
    assert.deepEqual([view(1).fullWeight, view(1).health, view(2).health], [7, 'draining', 'up'])
    pool.update([spec(1, { weight: 2 }), spec(2, { weight: 2 }), spec(3, { weight: 2 })])
    assert.deepEqual([view(1).fullWeight, view(1).health, view(2).health], [2, 'draining', 'up'])
  })

  it('names no change of a limit that is the one of the pool anyway', () => {
    const { pool, view } = arena(1, { maxConnections: 8 })
    assert.deepEqual(pool.plan([spec(1, { maxConnections: 8 })]), [])
    assert.deepEqual(pool.update([spec(1, { maxConnections: 3 })]), [
      { what: 'limit', id: 'h:1', from: 8, to: 3 },
    ])
    assert.equal(view(1).maxConnections, 3)
    pool.update([spec(1)])
    assert.equal(view(1).maxConnections, 8)
    pool.configure({ maxConnections: 9 })
    assert.equal(view(1).maxConnections, 9)
  })

  it('is all or nothing', () => {
    const { pool, told } = arena(2)
    const before = pool.view()
    const bad = [
      [spec(3), spec(3)],
      [spec(3), spec(1, { weight: 0 })],
      [spec(3), spec(1, { weight: Number.NaN })],
      [spec(3), spec(1, { maxConnections: 0.5 })],
      [spec(3), spec(70_000)],
    ]
    for (const each of bad) {
      assert.throws(() => pool.plan(each))
      assert.throws(() => pool.update(each))
      assert.deepEqual(pool.view(), before)
    }
    assert.deepEqual(told, [])
    assert.throws(() => pool.setWeight('h:1', -1), RangeError)
    assert.equal(pool.setWeight('h:9', 1), false)
    assert.equal(pool.drain('h:9') || pool.ready('h:9'), false)
  })

  it('lets a removed backend finish, and tells when it has gone', () => {
    const { pool, take, told } = arena(2)
    const lease = take(1)
    pool.update(specs(2))
    assert.deepEqual(
      pool.backends.map(({ id }) => id),
      ['h:2'],
    )
    assert.equal(pool.get('h:1'), undefined)
    assert.equal(pool.leaseOf('h:1'), undefined)
    assert.deepEqual(told, ['drain_start h:1 removed'])
    lease.connected()
    lease.release('ok')
    pool.update([])
    assert.deepEqual(told.slice(1), ['backend_removed h:1', 'backend_removed h:2'])
  })

  it('takes a backend back that has not finished, with its state', () => {
    const { clock, fail, pool, take, told, view } = arena(3)
    const lease = take(1)
    fail(1, 5)
    pool.setWeight('h:1', 3)
    pool.update(specs(2, 3))
    clock.ms = 1_000
    pool.update(specs(1, 2, 3))
    assert.deepEqual([view(1).health, view(1).active, view(1).fullWeight], ['ejected', 1, 3])
    assert.deepEqual(told.slice(1), ['drain_start h:1 removed', 'backend_added h:1'])
    lease.release('ok')
    assert.equal(told.length, 3, 'it has not gone')
  })

  it('hands strategies the same array until something changes for them', () => {
    const { pool } = arena(2, { slowStartMs: 0 })
    const seen: unknown[] = []
    const own = pool.strategy
    pool.use({
      ...own,
      pick(candidates, key) {
        seen.push(candidates)
        return own.pick(candidates, key)
      },
    })
    const isSame = (): boolean => {
      pool.lease('')!.release('aborted')
      return seen.at(-1) === seen.at(-2)
    }
    isSame()
    assert.ok(isSame())
    pool.update(specs(1, 2))
    assert.ok(isSame())
    pool.drain('h:2')
    assert.equal(isSame(), false)
    pool.setWeight('h:2', 9)
    assert.ok(isSame(), 'the weight of one that gets no work')
    pool.setWeight('h:1', 9)
    assert.equal(isSame(), false)
  })
})

describe('draining a backend', () => {
  it('gives it no more work, and tells when it begins and when it is idle, once', () => {
    const { isOpen, pool, take, told, view } = arena(2)
    const lease = take(1)
    assert.ok(pool.drain('h:1'))
    assert.ok(pool.drain('h:1'))
    assert.equal(isOpen(1), false)
    assert.deepEqual([view(1).health, view(1).reason], ['draining', 'asked to drain'])
    assert.deepEqual(told, ['drain_start h:1 asked to drain'])
    lease.release('ok')
    assert.ok(pool.ready('h:1'))
    assert.ok(isOpen(1))
    assert.deepEqual(told.slice(1), ['drain_done h:1', 'backend_up h:1'])
  })

  it('goes on with work that belongs to it, if affinity is honoured, until it is removed', () => {
    const { pool, refuse, take, told } = arena(2, { drainHonoursAffinity: true })
    pool.drain('h:1')
    for (let i = 0; i < 4; i++) assert.equal(pool.lease('')!.backend.id, 'h:2')
    const lease = take(1)
    take(1).release('ok')
    lease.release('ok')
    assert.deepEqual(told, ['drain_start h:1 asked to drain', 'drain_done h:1'])
    const last = take(1)
    pool.update(specs(2))
    assert.equal(pool.leaseOf('h:1'), undefined)
    last.release('ok')
    pool.update(specs(1, 2))
    refuse(1)
    pool.drain('h:1')
    assert.equal(pool.leaseOf('h:1'), undefined, 'one that is down')
  })

  it('keeps its limit also for work that belongs to it', () => {
    const { pool, take } = arena(2, { drainHonoursAffinity: true, maxConnections: 1 })
    take(1)
    pool.drain('h:1')
    assert.equal(pool.leaseOf('h:1'), undefined)
  })

  it('shows how long it has lasted', () => {
    const { clock, pool, view } = arena(1)
    clock.ms = 500
    pool.drain('h:1')
    clock.ms = 1_700
    assert.equal(view(1).forMs, 1_200)
  })
})

describe('an affinity', () => {
  it('gets its backend only when that may take work and was not tried', () => {
    const { clock, pool, refuse, take } = arena(2, { maxConnections: 1 })
    const lease = take(2)
    assert.equal(pool.leaseOf('h:2'), undefined, 'full')
    lease.release('ok')
    assert.equal(pool.leaseOf('h:2', [pool.get('h:2')!]), undefined, 'tried')
    assert.equal(pool.leaseOf('h:7'), undefined, 'no such backend')
    refuse(2)
    assert.equal(pool.leaseOf('h:2'), undefined, 'down')
    clock.ms = 1_000
    assert.ok(take(2).isTrial)
  })
})
