import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createCircle, nextPoint } from '../../src/strategies/circle.ts'
import { maglev } from '../../src/strategies/maglev.ts'
import { ring } from '../../src/strategies/ring.ts'
import { weighing } from './laws.ts'

const members = (weights: readonly number[]) =>
  weights.map((weight, i) => ({ id: `m${i}`, weight }))
const pointsOf = (weights: readonly number[]): number[] => {
  const counts = weights.map(() => 0)
  for (const owner of createCircle(members(weights)).owners) counts[owner]!++
  return counts
}

describe('a circle of points', () => {
  it('has 160 for each member of a pool of equals, whatever they weigh', () => {
    assert.deepEqual(pointsOf([1, 1, 1]), [160, 160, 160])
    assert.deepEqual(pointsOf([4, 4]), [160, 160])
    assert.deepEqual(pointsOf([0.25]), [160])
  })

  it('has more for the heavier ones, in proportion, and one for the lightest', () => {
    assert.deepEqual(pointsOf([1, 2, 1]), [160, 320, 160])
    const [heavy, light] = pointsOf([1e9, 1e-9])
    assert.ok(heavy! > 100 && light === 1)
  })

  it('is no larger for large pools or weights', () => {
    for (const weights of [new Array(5_000).fill(1), [1e9, ...new Array(800).fill(1e-9)]]) {
      const counts = pointsOf(weights)
      assert.ok(Math.min(...counts) >= 1)
      assert.ok(counts.reduce((sum, count) => sum + count) < 200_000)
    }
  })

  it('finds the next point from anywhere, and goes round', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 })
    const from = fc.oneof(fc.nat(2 ** 32 - 1), fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1))
    const property = fc.property(weights, from, (weights, from) => {
      const circle = createCircle(members(weights))
      const wanted = circle.points.findIndex((point) => point >= from)
      assert.equal(nextPoint(circle, from), Math.max(wanted, 0))
      assert.deepEqual(circle.points, circle.points.slice().sort())
    })
    fc.assert(property, { numRuns: 200 })
  })
})

for (const make of [ring, maglev]) {
  it(`${make().name} leaves not even the lightest without a key`, () => {
    const candidates = weighing([1, 1e9, 1e-9])
    const strategy = make()
    const picked = new Set<string>()
    for (let i = 0; i < 60_000; i++) picked.add(strategy.pick(candidates, `key ${i}`).id)
    assert.equal(picked.size, 3)
  })
}
