import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Strategy } from '../../src/pool/strategy.ts'
import { faultOf, guarded } from '../../src/strategies/guarded.ts'
import { roundRobin } from '../../src/strategies/round-robin.ts'
import { idle } from './laws.ts'

/** A guarded strategy that picks as `pick` says, taking `tookMs`; and what was told of it. */
function watched(pick: Strategy['pick'], tookMs: () => number = () => 0) {
  const told: string[] = []
  let nowMs = 0
  const slow: Strategy['pick'] = (candidates, key) => {
    nowMs += tookMs()
    return pick(candidates, key)
  }
  const strategy = guarded({ name: 'mine', pick: slow }, roundRobin(), {
    now: () => nowMs,
    onFault: (why) => told.push(why),
  })
  return { strategy, told }
}

const first: Strategy['pick'] = (candidates) => candidates[0]

describe('a guarded strategy', () => {
  it('picks by itself while it is good', () => {
    const { strategy, told } = watched(first)
    const candidates = idle(3)
    for (let i = 0; i < 100; i++) assert.equal(strategy.pick(candidates, ''), candidates[0])
    assert.deepEqual([strategy.name, told], ['mine', []])
  })

  it('gives way to the fallback for good when it throws, and the work at hand is picked for', () => {
    let picks = 0
    const { strategy, told } = watched((candidates) => {
      if (++picks === 3) throw new Error('no idea')
      return candidates[0]
    })
    const candidates = idle(2)
    const ids = Array.from({ length: 6 }, () => strategy.pick(candidates, '').id)
    assert.deepEqual(ids, ['h:1', 'h:1', 'h:1', 'h:2', 'h:1', 'h:2'])
    assert.deepEqual([strategy.name, strategy.ignoresKey, picks], ['round-robin', true, 3])
    assert.deepEqual(told, ['threw: no idea'])
  })

  const wrong: readonly (readonly [unknown, string])[] = [
    [undefined, 'picked undefined, which is none of the candidates'],
    [{ id: 'h:1' }, "picked an object with id 'h:1', which is none of the candidates"],
    [Promise.resolve(), 'picked a promise, which is none of the candidates'],
  ]
  for (const [thing, why] of wrong) {
    it(`gives way when it ${why}`, () => {
      const { strategy, told } = watched(() => thing as never)
      const candidates = idle(2)
      assert.ok(candidates.includes(strategy.pick(candidates, '')))
      assert.deepEqual(told, [why])
    })
  }

  it('may be slow now and then, for instance when garbage is collected', () => {
    let picks = 0
    const { strategy, told } = watched(first, () => (++picks % 20 === 0 ? 30 : 0.1))
    for (let i = 0; i < 1_000; i++) strategy.pick(idle(2), '')
    assert.deepEqual(told, [])
  })

  it('gives way when it is slow again and again', () => {
    const { strategy, told } = watched(first, () => 1.1)
    for (let i = 0; i < 10; i++) strategy.pick(idle(2), '')
    assert.deepEqual([strategy.name, told], ['round-robin', ['takes more than 1 ms a pick']])
  })
})

describe('what a module exports', () => {
  const faults: readonly (readonly [unknown, string])[] = [
    [undefined, 'it is undefined'],
    [null, 'it is null'],
    [{}, 'it has no name'],
    [{ name: 'x' }, 'it has no function pick(candidates, key)'],
    [{ name: 'x', pick: first, ignoresKey: 'yes' }, 'its ignoresKey is not true'],
    [{ name: 'x', pick: () => 1 }, 'its pick gave 1 instead of a candidate'],
    [{ name: 'x', pick: async () => 1 }, 'its pick gave a promise instead of a candidate'],
    [{ name: 'x', pick: () => boom() }, 'its pick threw: boom'],
    [{ name: 'x', pick: first }, ''],
  ]
  for (const [thing, fault] of faults) {
    it(fault || 'is a strategy', () => assert.equal(faultOf(thing), fault))
  }
})

function boom(): never {
  throw new Error('boom')
}
