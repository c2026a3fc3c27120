import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { arena, specs, waiter } from './pools.ts'

const limited = { maxConnections: 1, slowStartMs: 0, failOpen: false } as const

describe('a listener', () => {
  it('hears transitions in the order of all others, whatever they do', () => {
    const { pool, refuse, told } = arena(3)
    const heard: string[] = []
    pool.onTransition(({ event, backend }) => {
      if (event === 'backend_down' && backend!.id === 'h:1') pool.drain('h:2')
      if (event === 'drain_done') pool.update(specs(1, 3))
    })
    pool.onTransition(({ event, backend }) => heard.push(`${event} ${backend?.id}`))
    refuse(1)
    assert.deepEqual(heard, [
      'backend_down h:1',
      'drain_start h:2',
      'drain_done h:2',
      'backend_removed h:2',
    ])
    assert.equal(told.length, 4)
  })

  it('finds the pool as the transition says it is', () => {
    const { pool, refuse, take, view } = arena(2, { failOpen: false })
    pool.onTransition(({ event }) => {
      if (event !== 'backend_down') return
      assert.deepEqual([view(1).health, view(1).active, view(1).failed], ['down', 0, 1])
      assert.equal(pool.available, 1)
      take(2).release('ok')
    })
    refuse(1)
    assert.equal(view(2).ok, 1)
  })

  it('that leases does not overtake work in line', () => {
    const { pool, take } = arena(2, limited)
    pool.drain('h:2')
    take(1)
    const waiting = waiter()
    pool.wait(waiting)
    let overtook = false
    pool.onTransition(() => {
      overtook = pool.lease('') !== undefined
    })
    pool.ready('h:2')
    assert.deepEqual([overtook, waiting.leases.length], [false, 1])
  })

  it('that throws keeps nobody from hearing, and no work from being served', () => {
    const { pool, take } = arena(2, limited)
    pool.drain('h:2')
    const heard: string[] = []
    const stop = pool.onTransition(() => {
      throw new TypeError('a bug')
    })
    pool.onTransition(({ event }) => heard.push(event))
    take(1)
    const waiting = waiter()
    pool.wait(waiting)
    assert.throws(() => pool.ready('h:2'), TypeError)
    assert.deepEqual([heard, waiting.leases.length], [['backend_up'], 1])
    stop()
    pool.drain('h:2')
    assert.deepEqual(heard, ['backend_up', 'drain_start'])
  })

  it('hears nothing more from the moment it stops', () => {
    const { pool } = arena(2)
    const heard: string[] = []
    const stop = pool.onTransition(({ event }) => {
      heard.push(event)
      stop()
    })
    pool.update([])
    assert.deepEqual(heard, ['backend_removed'])
  })
})

describe('a waiter', () => {
  it('may end its work at once, and wait again', () => {
    const { pool, take } = arena(1, limited)
    const lease = take(1)
    const order: string[] = []
    const again = waiter()
    const first = waiter({
      use(own) {
        order.push('first')
        assert.equal(pool.lease(''), undefined)
        assert.ok(pool.wait(again))
        own.release('ok')
        order.push('first is done')
      },
    })
    const second = waiter({
      use(own) {
        order.push('second')
        own.release('ok')
      },
    })
    pool.wait(first)
    pool.wait(second)
    lease.release('ok')
    assert.deepEqual(order, ['first', 'first is done', 'second'])
    assert.equal(again.leases.length, 1)
    assert.equal(pool.view().backends[0]!.active, 1)
  })

  it('that frees what one before it in line had to pass over wakes that one', () => {
    const { pool, take } = arena(2, limited)
    const [a, b] = [take(1), take(2)]
    const picky = waiter({ tried: [a.backend] })
    const other = waiter({ use: () => b.release('ok') })
    pool.wait(picky)
    pool.wait(other)
    a.release('ok')
    assert.deepEqual([picky.leases.length, other.leases.length], [1, 1])
  })

  it('that frees a backend and leases again does not overtake', () => {
    const { pool, take } = arena(1, limited)
    const lease = take(1)
    let overtook = false
    const greedy = waiter({
      use(own) {
        own.release('ok')
        overtook = pool.lease('') !== undefined
      },
    })
    const patient = waiter()
    pool.wait(greedy)
    pool.wait(patient)
    lease.release('ok')
    assert.deepEqual([overtook, patient.leases.length], [false, 1])
  })

  it('may make others leave, who are then not served although their lease was ready', () => {
    const { pool, take } = arena(0, limited)
    pool.update(specs(1, 2))
    const leases = [take(1), take(2)]
    const second = waiter()
    const first = waiter({ use: () => pool.leave(second) })
    pool.wait(first)
    pool.wait(second)
    pool.update([])
    pool.update(specs(1, 2, 3, 4))
    assert.deepEqual([first.leases.length, second.leases.length, pool.queued], [1, 0, 0])
    const active = pool.view().backends.map((view) => view.active)
    assert.deepEqual(
      active.reduce((sum, count) => sum + count),
      3,
    )
    for (const lease of leases) lease.release('ok')
  })

  it('that throws keeps nobody from being served, now or later', () => {
    const { pool, take } = arena(2, limited)
    const leases = [take(1), take(2)]
    const broken = waiter({
      use() {
        leases[1]!.release('ok')
        throw new TypeError('a bug')
      },
    })
    const others = [waiter(), waiter()]
    for (const each of [broken, ...others]) pool.wait(each)
    assert.throws(() => leases[0]!.release('ok'), TypeError)
    assert.equal(others[0]!.leases.length, 1)
    broken.leases[0]!.release('aborted')
    assert.equal(others[1]!.leases.length, 1)
  })

  it('may drain, remove and re-weigh the backend that it is given', () => {
    const { pool, take, told } = arena(2, limited)
    const leases = [take(1), take(2)]
    const busy = waiter({
      use(own) {
        pool.drain(own.backend.id)
        pool.setWeight('h:2', 3)
        pool.update(specs(2))
        own.release('failed')
      },
    })
    const next = waiter()
    pool.wait(busy)
    pool.wait(next)
    leases[0]!.release('ok')
    assert.deepEqual(told, [
      'drain_start h:1 asked to drain',
      'drain_start h:1 removed',
      'backend_removed h:1',
    ])
    assert.equal(next.leases.length, 0)
    leases[1]!.release('ok')
    assert.equal(next.leases[0]!.backend.weight, 3)
  })

  it('however many end their work at once, no stack grows', () => {
    const { pool, take } = arena(1, { ...limited, queueMax: 100_000 })
    const lease = take(1)
    let served = 0
    for (let i = 0; i < 50_000; i++) {
      const use = (own: { release(outcome: 'ok'): void }): void => {
        served++
        own.release('ok')
      }
      pool.wait(waiter({ use }))
    }
    lease.release('ok')
    assert.equal(served, 50_000)
  })
})
