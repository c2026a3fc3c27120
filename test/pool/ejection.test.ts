import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Lease } from '../../src/pool/lease.ts'
import { arena } from './pools.ts'

const still = { slowStartMs: 0, failOpen: false } as const

describe('a backend that fails its work', () => {
  it('is ejected after five failures in a row, and says why', () => {
    const { pool, fail, isOpen, told, view } = arena(2, still)
    fail(1, 4)
    assert.ok(isOpen(1))
    fail(1)
    assert.equal(isOpen(1), false)
    const reason = '5 failures in a row, the last: broken'
    assert.deepEqual(told, [`backend_ejected h:1 ${reason}`])
    assert.deepEqual([view(1).health, view(1).reason, view(1).ejections], ['ejected', reason, 1])
    assert.equal(pool.available, 1)
  })

  it('stays when one success is among them', () => {
    const { fail, take, view } = arena(2, still)
    for (let i = 0; i < 3; i++) {
      fail(1, 4)
      take(1).release('ok')
    }
    assert.equal(view(1).health, 'up')
  })

  it('is ejected for more than half of at least twenty within ten seconds', () => {
    const { clock, fail, take, told } = arena(2, still)
    const round = (): void => {
      fail(1, 2)
      take(1).release('ok')
    }
    fail(1)
    clock.ms = 10_000
    for (let i = 0; i < 6; i++) round()
    assert.deepEqual(told, [])
    fail(1)
    assert.match(told[0]!, /^backend_ejected h:1 14 of 20 failed within 10 s, the last: broken$/)
  })

  it('is ejected after five silences in a row, which had begun before the first ended', () => {
    const { pool, clock, take, told } = arena(2, { ...still, isProbed: true })
    const probe = (): void => {
      const report = { isWell: true, reason: '', hasAnswered: true }
      for (const each of pool.backends) pool.report(each, report, { rise: 2, fall: 3 })
    }
    probe()
    const waiting = Array.from({ length: 5 }, () => take(1))
    for (const lease of waiting) {
      lease.sent(1)
      lease.release('failed', undefined, 'silent')
      probe()
    }
    const reason = '5 failures in a row, the last: silent'
    assert.deepEqual(told, ['backend_down h:1 silent', `backend_ejected h:1 ${reason}`])
    const pauses: number[] = []
    for (let i = 0; i < 3; i++) {
      const fromMs = clock.ms
      let trial: Lease | undefined
      for (; trial === undefined; trial = pool.leaseOf('h:1')) {
        clock.ms += 500
        probe()
      }
      pauses.push(clock.ms - fromMs)
      trial.sent(1)
      trial.release('failed', undefined, 'silent')
    }
    assert.deepEqual(pauses, [5_000, 10_000, 20_000])
  })

  it('stays when no more than half fails, or it takes longer', () => {
    const { clock, fail, take, view } = arena(2, still)
    for (let i = 0; i < 100; i++) {
      take(1).release('ok')
      fail(1, i % 2)
      take(1).release('ok')
      fail(1)
      take(1).release('ok')
    }
    assert.equal(view(1).health, 'up')
    clock.ms = 20_000
    for (let i = 0; i < 100; i++) {
      clock.ms += 1_000
      fail(1, i % 3 === 0 ? 0 : 1)
      if (i % 3 === 0) take(1).release('ok')
    }
    assert.equal(view(1).health, 'up')
  })

  it('stays when the pool does not eject, or the client ended the work', () => {
    const quiet = arena(2, { ...still, ejects: false })
    quiet.fail(1, 50)
    assert.equal(quiet.view(1).health, 'up')
    const { take, view } = arena(2, still)
    for (let i = 0; i < 50; i++) take(1).release('aborted')
    assert.equal(view(1).health, 'up')
  })

  it('stays when it is the only one, or the last that is up', () => {
    const alone = arena(1, still)
    alone.fail(1, 50)
    assert.equal(alone.view(1).health, 'up')
    const { fail, refuse, view } = arena(2, still)
    refuse(2)
    fail(1, 50)
    assert.equal(view(1).health, 'up')
  })

  it('stays when half of the pool is ejected already, without those that drain', () => {
    const { fail, pool, told, view } = arena(5, still)
    fail(1, 5)
    fail(2, 5)
    fail(3, 50)
    assert.deepEqual(
      [1, 2, 3].map((port) => view(port).health),
      ['ejected', 'ejected', 'up'],
    )
    const other = arena(4, still)
    other.pool.drain('h:4')
    other.fail(1, 5)
    other.fail(2, 50)
    assert.deepEqual([other.view(1).health, other.view(2).health], ['ejected', 'up'])
    assert.equal(told.length, 2)
    assert.equal(pool.available, 3)
  })

  it('is ejected at its next failure once another has come back', () => {
    const { clock, fail, take, view } = arena(2, still)
    fail(1, 5)
    fail(2, 5)
    assert.equal(view(2).health, 'up')
    clock.ms = 5_000
    take(1).release('ok')
    fail(2)
    assert.equal(view(2).health, 'ejected')
  })
})

describe('an ejected backend', () => {
  it('is left out 5 s, then twice as long each time, 60 s at most', () => {
    const { clock, fail, isOpen } = arena(2, still)
    fail(1, 5)
    for (const pauseMs of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      clock.ms += pauseMs - 1
      assert.equal(isOpen(1), false, `before ${pauseMs} ms`)
      clock.ms += 1
      fail(1)
      assert.equal(isOpen(1), false, `after ${pauseMs} ms`)
    }
  })

  it('is left out a fifth longer or shorter, so that not all return at once', () => {
    for (const [drawn, pauseMs] of [
      [0, 4_000],
      [0.5, 5_000],
      [1 - Number.EPSILON, 6_000],
    ] as const) {
      const { clock, fail, isOpen } = arena(2, { ...still, random: () => drawn })
      fail(1, 5)
      clock.ms = pauseMs - 1
      assert.equal(isOpen(1), false)
      clock.ms = pauseMs
      assert.ok(isOpen(1))
    }
  })

  it('is left out longer when it fails again soon after, not when it was well for a minute', () => {
    const { clock, fail, isOpen, take } = arena(2, still)
    fail(1, 5)
    clock.ms = 5_000
    take(1).release('ok')
    clock.ms = 64_999
    fail(1, 5)
    clock.ms += 9_999
    assert.equal(isOpen(1), false)
    clock.ms += 1
    take(1).release('ok')
    clock.ms += 60_000
    fail(1, 5)
    clock.ms += 4_999
    assert.equal(isOpen(1), false)
    clock.ms += 1
    assert.ok(isOpen(1))
  })

  it('is on one trial at a time, which a connect does not pass, an answer does', () => {
    const { clock, fail, isOpen, take, told, view } = arena(2, still)
    fail(1, 5)
    clock.ms = 5_000
    const trial = take(1)
    assert.ok(trial.isTrial)
    trial.connected()
    assert.deepEqual([view(1).health, isOpen(1)], ['trial', false])
    trial.answered(5)
    assert.equal(view(1).health, 'up', 'while the lease lasts: it may be a tunnel')
    assert.equal(told.at(-1), 'backend_up h:1')
    trial.release('failed')
    assert.equal(view(1).health, 'up')
  })

  it('is tried by the next lease when the trial ended without a good answer', () => {
    const { clock, fail, take, view } = arena(2, still)
    fail(1, 5)
    clock.ms = 5_000
    const left = take(1)
    left.connected()
    left.release('aborted')
    const error = take(1)
    assert.ok(error.isTrial, 'the client left after the connect')
    error.connected()
    error.answered(5, true)
    error.release('ok')
    assert.equal(view(1).health, 'trial')
    const gateway = take(1)
    assert.ok(gateway.isTrial, 'an error proves nothing')
    gateway.answered(5, true)
    gateway.release('failed', undefined, 'HTTP 503')
    assert.deepEqual([view(1).health, view(1).reason], ['ejected', 'HTTP 503'])
    assert.equal(view(1).ejections, 2)
  })

  it('is back when it fails its trial and has become the last one', () => {
    const { clock, fail, pool, view } = arena(2, still)
    fail(1, 5)
    pool.drain('h:2')
    clock.ms = 5_000
    fail(1)
    assert.equal(view(1).health, 'up')
  })

  it('does not come back by work begun before it fell', () => {
    const { fail, take, view } = arena(2, still)
    const early = take(1)
    fail(1, 5)
    early.connected()
    early.answered(1)
    early.release('ok')
    assert.equal(view(1).health, 'ejected')
  })
})
