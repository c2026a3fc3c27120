import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { roundRobin } from '../../src/strategies/round-robin.ts'
import { poolOf } from './laws.ts'

const stopped = (): number => 0

/** The letters of who was picked, `picks` times. */
function turns(weights: readonly number[], picks: number): string {
  const pool = poolOf(weights.length, roundRobin, stopped, weights)
  return Array.from({ length: picks }, () => letter(pool.lease('')!.backend.id)).join('')
}

const letter = (id: string): string => String.fromCharCode(96 + Number(id.slice(2)))

describe('round-robin', () => {
  it('spreads the turns of a heavier one, as nginx does', () => {
    assert.equal(turns([5, 1, 1], 14), 'aabacaaaabacaa')
    assert.equal(turns([1, 2], 6), 'babbab')
  })

  it('gives equal weights the same number of turns, one more at most', () => {
    const property = fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(60), (size, picks) => {
      const counts = poolCounts(new Array<number>(size).fill(2.5), picks)
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`)
    })
    fc.assert(property)
  })

  it('gives each as many turns as it weighs, in every round', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 })
    const property = fc.property(weights, fc.integer({ min: 1, max: 3 }), (weights, rounds) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      assert.deepEqual(
        poolCounts(weights, total * rounds),
        weights.map((weight) => weight * rounds),
      )
    })
    fc.assert(property)
  })

  it('goes on with the next one after one was left out', () => {
    const pool = poolOf(4, roundRobin, stopped)
    const first = pool.lease('')!
    assert.equal(letter(first.backend.id), 'a')
    const picked = [pool.lease('', [first.backend])!, ...[1, 2, 3].map(() => pool.lease('')!)]
    assert.equal(picked.map(({ backend }) => letter(backend.id)).join(''), 'bcda')
  })
})

function poolCounts(weights: readonly number[], picks: number): number[] {
  const picked = turns(weights, picks)
  return weights.map((_, i) => picked.split(letter(`h:${i + 1}`)).length - 1)
}
