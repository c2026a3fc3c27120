import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { arena, specs } from './pools.ts'

const rules = { rise: 1, fall: 1 }
const good = { isWell: true, reason: '', hasAnswered: true }
const bad = { isWell: false, reason: 'HTTP 500', hasAnswered: true }

describe('a pool with nobody up', () => {
  it('gives work to all that do not drain, counts it, and tells when it begins and is over', () => {
    const { clock, isOpen, pool, refuse, take, told, view } = arena(3, { slowStartMs: 0 })
    pool.drain('h:3')
    told.length = 0
    refuse(1)
    assert.deepEqual([isOpen(1), isOpen(2)], [false, true])
    refuse(2)
    assert.equal(pool.view().isFailOpen, true)
    assert.deepEqual([1, 2, 3].map(isOpen), [true, true, false])
    assert.deepEqual(told, ['backend_down h:1 refused', 'backend_down h:2 refused', 'fail_open'])
    assert.equal(pool.view().failOpenLeases, 2)
    take(1).connected()
    assert.equal(view(1).health, 'up', 'whoever takes work is back, without a trial')
    assert.deepEqual(told.slice(3), ['backend_up h:1', 'fail_open_over'])
    assert.deepEqual([isOpen(1), isOpen(2)], [true, false])
    assert.equal(pool.view().failOpenLeases, 3)
    clock.ms = 1_000
    assert.ok(take(2).isTrial)
  })

  it('gives none when it does not fail open', () => {
    const { pool, refuse, told } = arena(2, { failOpen: false })
    refuse(1)
    refuse(2)
    assert.equal(pool.lease(''), undefined)
    assert.equal(pool.why(), 'all backends are down')
    assert.equal(pool.view().isFailOpen, false)
    assert.equal(told.includes('fail_open'), false)
  })

  it('lets the pauses grow by trials alone, however much work is refused meanwhile', () => {
    const { clock, isOpen, pool, refuse, told, view } = arena(2)
    refuse(1)
    refuse(2)
    const count = told.length
    for (let i = 0; i < 100; i++) pool.lease('')!.release('failed', undefined, 'refused')
    assert.equal(told.length, count)
    clock.ms = 1_000
    refuse(1)
    assert.equal(view(1).health, 'down', 'the trial was refused')
    clock.ms = 2_999
    pool.lease('')
    assert.equal(view(1).health, 'down')
    clock.ms = 3_000
    assert.ok(isOpen(1))
    assert.equal(view(1).health, 'trial')
    assert.equal(told.length, count, 'that they are still down is no news')
  })

  it('keeps to the limits', () => {
    const { pool, refuse } = arena(1, { maxConnections: 1 })
    refuse(1)
    assert.ok(pool.lease(''))
    assert.equal(pool.lease(''), undefined)
    assert.equal(pool.why(), 'all backends are full')
  })

  it('gives nothing, and tells of no fail-open, when all drain', () => {
    const { pool, told } = arena(2)
    pool.drain('h:1')
    pool.drain('h:2')
    assert.equal(pool.lease(''), undefined)
    assert.equal(pool.why(), 'all backends are draining')
    assert.equal(told.includes('fail_open'), false)
    assert.equal(pool.view().isFailOpen, false)
  })

  it('is not so called before all have had a report', () => {
    const { pool, told } = arena(2, { isProbed: true })
    const [a, b] = pool.backends
    pool.report(a!, bad, rules)
    assert.equal(told.includes('fail_open'), false)
    pool.report(b!, good, rules)
    assert.equal(told.includes('fail_open'), false)
    pool.report(b!, bad, rules)
    assert.equal(told.at(-1), 'fail_open')
    pool.update(specs(1, 2, 3))
    assert.equal(pool.view().isFailOpen, true, 'one that is not known makes it no better')
    pool.update([])
    assert.equal(told.at(-1), 'fail_open_over')
  })
})
