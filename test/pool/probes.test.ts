import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Report } from '../../src/pool/report.ts'
import { type Arena, arena, specs } from './pools.ts'

const rules = { rise: 2, fall: 3 }
const probed = { isProbed: true, failOpen: false, slowStartMs: 0 } as const
const good: Report = { isWell: true, reason: '', hasAnswered: true }
const bad: Report = { isWell: false, reason: 'HTTP 500', hasAnswered: true }
const accepts: Report = { isWell: true, reason: '', hasAnswered: false }
const refuses: Report = { isWell: false, reason: 'refused', hasAnswered: false }

/** Reports of `h:1`, one after the other. */
function report({ pool }: Arena, ...reports: Report[]): void {
  for (const each of reports) pool.report(pool.get('h:1')!, each, rules)
}

describe('a backend that is probed', () => {
  it('is unknown and takes no work until its first report, one good is enough', () => {
    const all = arena(1, probed)
    assert.deepEqual([all.view(1).health, all.view(1).reason], ['unknown', 'not probed yet'])
    assert.equal(all.isOpen(1), false)
    assert.equal(all.pool.why(), 'no backend was probed yet')
    report(all, good)
    assert.equal(all.view(1).health, 'up')
    assert.ok(all.isOpen(1))
    assert.deepEqual(all.told, [], 'that all is well in the beginning is no news')
  })

  it('is down at once when the first report is bad', () => {
    const all = arena(1, probed)
    report(all, bad)
    assert.equal(all.isOpen(1), false)
    assert.deepEqual(all.told, ['backend_down h:1 a failed probe: HTTP 500'])
  })

  it('falls by the third bad report in a row, and rises by the second good one', () => {
    const all = arena(1, probed)
    report(all, good, bad, bad, good, bad, bad)
    assert.equal(all.view(1).health, 'up')
    report(all, bad)
    assert.deepEqual(
      [all.view(1).health, all.view(1).reason],
      ['down', '3 failed probes: HTTP 500'],
    )
    report(all, good, bad, good)
    assert.equal(all.view(1).health, 'down')
    report(all, good)
    assert.deepEqual([all.view(1).health, all.view(1).reason], ['up', ''])
    assert.deepEqual(all.told, ['backend_down h:1 3 failed probes: HTTP 500', 'backend_up h:1'])
  })

  it('that refused is back by good probes of either kind', () => {
    for (const each of [good, accepts]) {
      const all = arena(2, probed)
      report(all, each, each, each)
      all.refuse(1)
      assert.equal(all.view(1).health, 'down')
      report(all, each)
      assert.equal(all.view(1).health, 'down', 'what was good before does not count')
      report(all, each)
      assert.equal(all.view(1).health, 'up')
    }
  })

  it('that took work and was silent, or was ejected, is back no sooner by any probe', () => {
    const silence = (all: Arena): void => {
      const lease = all.take(1)
      lease.sent(100)
      lease.release('failed', undefined, 'no answer within 30 s')
    }
    for (const fall of [silence, (all: Arena) => all.fail(1, 5)]) {
      const all = arena(2, probed)
      for (const backend of all.pool.backends) all.pool.report(backend, good, rules)
      fall(all)
      const { health } = all.view(1)
      assert.notEqual(health, 'up')
      report(all, accepts, accepts, bad, good, good, good)
      assert.equal(all.view(1).health, health)
      all.clock.ms = 6_000
      all.take(1).release('ok')
      assert.equal(all.view(1).health, 'up')
    }
  })

  it('keeps its place in the pause after work failed: the trial comes without probes, too', () => {
    const all = arena(1, probed)
    report(all, good)
    all.refuse(1)
    all.clock.ms = 1_000
    all.take(1).connected()
    assert.equal(all.view(1).health, 'up')
  })

  it('gets no trial while its probes fail', () => {
    const all = arena(1, probed)
    report(all, good)
    all.refuse(1)
    report(all, refuses, refuses, refuses)
    all.clock.ms = 60_000
    assert.equal(all.isOpen(1), false)
    assert.equal(all.view(1).reason, '3 failed probes: refused')
    report(all, accepts, accepts)
    assert.ok(all.isOpen(1))
  })

  it('is unsettled while its health may soon be another', () => {
    const all = arena(2, probed)
    const backend = all.pool.get('h:1')!
    const isUnsettled = (...reports: Report[]): boolean => {
      report(all, ...reports)
      return backend.isUnsettled
    }
    assert.equal(isUnsettled(good), false)
    assert.equal(isUnsettled(bad), true)
    assert.equal(isUnsettled(bad, bad), false)
    assert.equal(isUnsettled(good), true)
    assert.equal(isUnsettled(good), false)
    all.refuse(1)
    assert.equal(backend.isUnsettled, true)
  })

  it('is no news to the pool when it is not in it', () => {
    const all = arena(2, probed)
    const removed = all.pool.get('h:1')!
    all.pool.report(removed, good, rules)
    const lease = all.take(1)
    all.pool.update(specs(2))
    all.pool.report(removed, { ...bad, isDraining: true }, { rise: 1, fall: 1 })
    all.pool.update(specs(1, 2))
    assert.equal(all.view(1).health, 'up')
    lease.release('ok')
    all.pool.update(specs(2))
    all.pool.update(specs(1, 2))
    all.pool.report(removed, good, rules)
    assert.equal(all.view(1).health, 'unknown', 'another backend at the same address')
  })
})

describe('what a backend says of itself', () => {
  it('scales its weight by the load', () => {
    const all = arena(2, probed)
    const weightAt = (load: number): number => {
      report(all, { ...good, load })
      return all.view(1).weight
    }
    assert.deepEqual([0, 0.25, 0.5, 0.99].map(weightAt), [1, 0.75, 0.5, 0.05])
    assert.deepEqual([all.view(1).fullWeight, all.view(1).load], [1, 0.99])
  })

  it('leaves it out when it is too busy, until it recovers', () => {
    const all = arena(2, probed)
    report(all, good, { ...good, load: 1.5 })
    const { health, reason } = all.view(1)
    assert.deepEqual([health, reason], ['overloaded', 'it says that its load is 1.5'])
    assert.equal(all.isOpen(1), false)
    report(all, { ...good, load: 0.2 })
    assert.ok(all.isOpen(1))
    assert.deepEqual(all.told, ['backend_down h:1 it says that its load is 1.5', 'backend_up h:1'])
  })

  it('drains it', () => {
    const all = arena(2, probed)
    report(all, good, { ...good, isDraining: true })
    const { health, reason } = all.view(1)
    assert.deepEqual([health, reason], ['draining', 'it says that it drains'])
    report(all, refuses)
    assert.equal(all.view(1).health, 'draining', 'no answer takes nothing back')
    report(all, good)
    assert.equal(all.view(1).health, 'up')
    assert.deepEqual(all.told, [
      'drain_start h:1 it says that it drains',
      'drain_done h:1',
      'backend_up h:1',
    ])
  })

  it('says nothing with a load that is none', () => {
    const all = arena(2, probed)
    for (const load of [Number.NaN, -1, Number.NEGATIVE_INFINITY]) {
      report(all, { ...good, load: 0.5 }, { ...good, load })
      assert.deepEqual([all.view(1).load, all.view(1).weight, all.view(1).health], [0, 1, 'up'])
    }
    report(all, { ...good, load: Number.POSITIVE_INFINITY })
    assert.equal(all.view(1).health, 'overloaded')
    assert.ok(all.view(1).weight > 0)
  })

  it('is over when probes that ask for no answer find it well', () => {
    const all = arena(2, probed)
    report(all, { ...good, load: 2, isDraining: true }, accepts)
    assert.deepEqual([all.view(1).health, all.view(1).load], ['up', 0])
  })
})

describe('a pool whose probes are configured at work', () => {
  it('goes on with its backends when they begin', () => {
    const all = arena(2, { failOpen: false })
    all.pool.configure({ isProbed: true })
    assert.ok(all.isOpen(1))
    report(all, bad, bad)
    assert.ok(all.isOpen(1))
    report(all, bad)
    assert.equal(all.isOpen(1), false)
  })

  it('forgets what they said when they end', () => {
    const all = arena(2, probed)
    report(all, { ...bad, load: 3, isDraining: true })
    all.pool.configure({ isProbed: false })
    assert.deepEqual(
      [1, 2].map((port) => all.view(port).health),
      ['up', 'up'],
    )
  })
})
