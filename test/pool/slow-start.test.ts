import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { WarmUp } from '../../src/pool/warm-up.ts'
import { type Arena, arena, spec, specs } from './pools.ts'

const rules = { rise: 1, fall: 1 }
const good = { isWell: true, reason: '', hasAnswered: true }
const bad = { isWell: false, reason: 'HTTP 500', hasAnswered: true }

/** The weights of `h:port` each second. */
function weights({ clock, pool, view }: Arena, port: number, seconds: number): number[] {
  return Array.from({ length: seconds + 1 }, (_, second) => {
    if (second > 0) clock.ms += 1_000
    pool.lease('')?.release('aborted')
    return Number(view(port).weight.toFixed(6))
  })
}

const ramp = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1]

describe('a backend gets its share little by little, from a tenth over ten seconds', () => {
  it('after it could not be connected to', () => {
    const all = arena(2)
    all.refuse(1)
    all.clock.ms = 1_000
    all.take(1).connected()
    assert.deepEqual(weights(all, 1, 10), ramp)
    assert.deepEqual(all.view(2).weight, 1)
  })

  it('after it was ejected', () => {
    const all = arena(2)
    all.fail(1, 5)
    all.clock.ms = 5_000
    all.take(1).release('ok')
    assert.deepEqual(weights(all, 1, 10), ramp)
  })

  it('after its probes failed, also in the beginning', () => {
    const all = arena(2, { isProbed: true })
    for (const each of [bad, good]) all.pool.report(all.pool.get('h:1')!, each, rules)
    assert.deepEqual(weights(all, 1, 10), ramp)
  })

  it('after it was added to a pool at work', () => {
    const all = arena(2)
    all.pool.update(specs(1, 2, 3))
    assert.deepEqual(weights(all, 3, 10), ramp)
    assert.equal(all.view(1).weight, 1)
  })

  it('after the first good probe, when it was added to a pool with probes', () => {
    const all = arena(2, { isProbed: true })
    all.pool.update(specs(1, 2, 3))
    all.clock.ms = 60_000
    all.pool.report(all.pool.get('h:3')!, good, rules)
    assert.deepEqual(weights(all, 3, 10), ramp)
    all.pool.report(all.pool.get('h:3')!, good, rules)
    assert.equal(all.view(3).weight, 1)
  })

  it('in steps of its whole weight, whatever that becomes meanwhile', () => {
    const all = arena(1)
    all.pool.update([spec(1), spec(2, { weight: 10 })])
    all.clock.ms = 1_000
    all.pool.setWeight('h:2', 20)
    assert.deepEqual([all.view(2).weight, all.view(2).fullWeight], [4, 20])
  })
})

describe('a backend gets its whole share at once', () => {
  it('at the start of the process, with probes or without', () => {
    const plain = arena(2)
    assert.equal(plain.view(1).weight, 1)
    const all = arena(2, { isProbed: true })
    all.pool.report(all.pool.get('h:1')!, good, rules)
    assert.equal(all.view(1).weight, 1)
  })

  it('when it is among the first of a pool that was empty', () => {
    const all = arena(0)
    all.pool.update(specs(1, 2))
    assert.deepEqual([all.view(1).weight, all.view(2).weight], [1, 1])
  })

  it('when it comes back before it has finished', () => {
    const all = arena(2)
    const lease = all.take(1)
    all.pool.update(specs(2))
    all.pool.update(specs(1, 2))
    assert.equal(all.view(1).weight, 1)
    lease.release('ok')
  })

  it('when the pool has no slow start', () => {
    const all = arena(2, { slowStartMs: 0 })
    all.refuse(1)
    all.clock.ms = 1_000
    all.take(1).connected()
    assert.equal(all.view(1).weight, 1)
  })
})

describe('a warm-up', () => {
  it('reaches each step at the time it names, whatever the numbers', () => {
    const property = fc.property(
      fc.double({ min: 0, max: 1e10, noNaN: true }),
      fc.double({ min: 1_000, max: 1e6, noNaN: true }),
      (startMs, durationMs) => {
        const warmUp = new WarmUp(durationMs)
        warmUp.start(startMs)
        let nowMs = startMs
        for (let step = 1; step <= 10; step++) {
          assert.equal(warmUp.share(nowMs), step / 10)
          nowMs = warmUp.nextMs(nowMs)
        }
        assert.equal(nowMs, Number.POSITIVE_INFINITY)
      },
    )
    fc.assert(property)
  })

  it('asks for no look at the clock once its backend has gone', () => {
    let asked = 0
    const all = arena(1, { now: () => asked++ })
    all.pool.update(specs(1, 2))
    const lease = all.take(2)
    all.pool.update(specs(1))
    asked = 0
    for (let i = 0; i < 3; i++) all.pool.lease('')
    assert.equal(asked, 1, 'only for the time since the backend waits')
    lease.release('ok')
    assert.equal(all.told.at(-1), 'backend_removed h:2')
  })

  it('stands still with its clock', () => {
    const all = arena(2)
    all.pool.update(specs(1, 2, 3))
    for (let i = 0; i < 100; i++) all.pool.lease('')?.release('ok')
    assert.equal(all.view(3).weight, 0.1)
  })
})
