import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { arena, spec, specs, waiter } from './pools.ts'

const limited = { maxConnections: 1, slowStartMs: 0, failOpen: false } as const

describe('work in line', () => {
  it('is served first come, first served, as backends become free', () => {
    const { pool, take } = arena(2, limited)
    const held = [take(1), take(2)]
    const waiters = [waiter(), waiter(), waiter()]
    assert.ok(waiters.every((each) => pool.wait(each)))
    assert.deepEqual([pool.queued, pool.view().queued], [3, 3])
    held[1]!.release('ok')
    assert.deepEqual(
      waiters.map(({ leases }) => leases.map((lease) => lease.backend.id)),
      [['h:2'], [], []],
    )
    held[0]!.release('ok')
    waiters[0]!.leases[0]!.release('failed')
    assert.deepEqual(
      waiters.map(({ leases }) => leases.length),
      [1, 1, 0],
    )
    waiters[1]!.leases[0]!.release('ok')
    assert.deepEqual(
      waiters.map(({ leases }) => leases.length),
      [1, 1, 1],
    )
    assert.equal(pool.queued, 0)
  })

  it('is passed over by a backend that it has tried, for the next one', () => {
    const { pool, take } = arena(2, limited)
    const [a, b] = [take(1), take(2)]
    const picky = waiter({ tried: [a.backend] })
    const other = waiter()
    pool.wait(picky)
    pool.wait(other)
    a.release('ok')
    assert.deepEqual([picky.leases.length, other.leases.length], [0, 1])
    b.release('ok')
    assert.equal(picky.leases[0]!.backend.id, 'h:2')
  })

  it('is served no more once it has left', () => {
    const { pool, take } = arena(1, limited)
    const lease = take(1)
    const [gone, stays] = [waiter(), waiter()]
    pool.wait(gone)
    pool.wait(stays)
    pool.leave(gone)
    pool.leave(gone)
    assert.equal(pool.queued, 1)
    lease.release('ok')
    assert.deepEqual([gone.leases.length, stays.leases.length], [0, 1])
    pool.leave(stays)
    assert.equal(pool.view().backends[0]!.active, 1)
  })

  it('is bounded, and its bound can be changed', () => {
    const { pool, take } = arena(1, { ...limited, queueMax: 1 })
    take(1)
    const first = waiter()
    assert.ok(pool.wait(first))
    assert.ok(pool.wait(first), 'who waits already')
    assert.equal(pool.wait(waiter()), false)
    pool.configure({ queueMax: 2 })
    assert.ok(pool.wait(waiter()))
    assert.equal(pool.wait(waiter()), false)
    assert.equal(arena(1, { queueTimeoutMs: 7 }).pool.queueTimeoutMs, 7)
  })

  it('is refused when waiting would not help', () => {
    const { pool, refuse, take } = arena(2, limited)
    assert.equal(pool.wait(waiter()), false, 'all are free')
    const lease = take(1)
    assert.equal(pool.wait(waiter()), false, 'one is free')
    refuse(2)
    assert.equal(pool.wait(waiter({ tried: [lease.backend] })), false, 'the full one was tried')
    assert.ok(pool.wait(waiter()))
    assert.equal(arena(0, limited).pool.wait(waiter()), false, 'there is nobody')
    pool.drain('h:1')
    assert.equal(pool.wait(waiter()), false, 'nobody is merely full')
  })

  const wakeUps: Record<string, (all: ReturnType<typeof arena>) => void> = {
    'a backend is ready again': ({ pool }) => pool.ready('h:2'),
    'a backend is added': ({ pool }) => pool.update(specs(1, 2, 3)),
    'a limit is raised': ({ pool }) => {
      pool.update([spec(1, { maxConnections: 2 }), spec(2)])
    },
    'the limit of all is raised': ({ pool }) => pool.configure({ maxConnections: 2 }),
    'a pause is over, at the next lease': ({ clock, pool }) => {
      clock.ms = 1_000
      assert.equal(pool.lease(''), undefined, 'who came first is first')
    },
  }
  for (const [what, wake] of Object.entries(wakeUps)) {
    it(`is served when ${what}`, () => {
      const all = arena(2, limited)
      if (what.includes('pause')) all.refuse(2)
      else all.pool.drain('h:2')
      all.take(1)
      const waiting = waiter()
      assert.ok(all.pool.wait(waiting))
      wake(all)
      assert.equal(waiting.leases.length, 1)
    })
  }

  it('is served when the last backend falls and the pool fails open', () => {
    const { pool, refuse, take } = arena(2, { ...limited, failOpen: true })
    const lease = take(1)
    refuse(2)
    const waiting = [waiter(), waiter()]
    for (const each of waiting) assert.ok(pool.wait(each))
    lease.release('failed')
    assert.deepEqual(
      waiting.map(({ leases }) => leases.length),
      [1, 1],
    )
  })

  it('is served when a probe finds a backend well, or less busy', () => {
    const { pool, take } = arena(2, { ...limited, isProbed: true })
    const [a, b] = pool.backends
    const report = (load: number, isWell = true): void =>
      pool.report(b!, { isWell, reason: '', hasAnswered: true, load }, { rise: 1, fall: 1 })
    pool.report(a!, { isWell: true, reason: '', hasAnswered: true }, { rise: 1, fall: 1 })
    take(1)
    for (const load of [0, 2]) {
      report(load, false)
      report(2)
      const waiting = waiter()
      assert.ok(pool.wait(waiting))
      report(0.5)
      assert.equal(waiting.leases.length, 1)
      waiting.leases[0]!.release('ok')
    }
  })

  it('is served when a backend rises by other work, or a trial is aborted', () => {
    const { clock, pool, refuse, take } = arena(2, { ...limited, maxConnections: 2 })
    const early = take(2)
    refuse(2)
    take(1)
    take(1)
    const first = waiter()
    pool.wait(first)
    early.connected()
    assert.equal(first.leases[0]?.backend.id, 'h:2')
    early.release('ok')
    first.leases[0]!.release('aborted')
    refuse(2)
    clock.ms = 1_000
    const trial = take(2)
    const second = waiter()
    pool.wait(second)
    trial.release('aborted')
    assert.ok(second.leases[0]?.isTrial)
  })
})

describe('a limit', () => {
  it('holds for each backend, its own before that of the pool', () => {
    const { pool } = arena(0, { maxConnections: 2 })
    pool.update([spec(1), spec(2, { maxConnections: 1 }), spec(3, { maxConnections: 0 })])
    for (let i = 0; i < 20; i++) pool.lease('')
    assert.deepEqual(
      pool.view().backends.map(({ active, maxConnections }) => [active, maxConnections]),
      [
        [2, 2],
        [1, 1],
        [17, 0],
      ],
    )
  })

  it('lowered below what is held takes nothing away, and lets nothing in until then', () => {
    const { isOpen, pool, take } = arena(1)
    const leases = [1, 2, 3].map(() => take(1))
    pool.update([spec(1, { maxConnections: 2 })])
    leases[0]!.release('ok')
    assert.equal(isOpen(1), false)
    leases[1]!.release('ok')
    assert.ok(isOpen(1))
  })

  it('or another number that cannot be is refused', () => {
    for (const value of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => arena(0, { maxConnections: value }), RangeError)
      assert.throws(() => arena(0, { queueMax: value }), RangeError)
      if (value !== 1.5) assert.throws(() => arena(0, { slowStartMs: value }), RangeError)
      if (value !== 1.5) assert.throws(() => arena(0, { queueTimeoutMs: value }), RangeError)
      const { pool } = arena(1)
      assert.throws(() => pool.configure({ maxConnections: value, failOpen: false }), RangeError)
      assert.throws(() => pool.update([spec(1, { maxConnections: value })]), RangeError)
    }
  })
})
