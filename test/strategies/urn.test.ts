import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { seeded } from '../../src/base/random.ts'
import { Urn } from '../../src/strategies/urn.ts'
import { weighing } from './laws.ts'

/** How often each place is drawn, as shares. */
function shares(weights: readonly number[], draw: (urn: Urn) => number): number[] {
  const urn = new Urn(seeded(5))
  urn.fill(weighing(weights))
  const counts = weights.map(() => 0)
  const draws = 20_000
  for (let i = 0; i < draws; i++) counts[draw(urn)]!++
  return counts.map((count) => count / draws)
}

function assertNear(shares: readonly number[], wanted: readonly number[]): void {
  for (const [i, share] of shares.entries()) {
    assert.ok(Math.abs(share - wanted[i]!) < 0.015, `${shares} instead of ${wanted}`)
  }
}

describe('an urn', () => {
  it('draws in proportion to the weights', () => {
    for (const weights of [[1, 1, 1, 1], [1, 2, 3], [0.5, 8, 1.5], [7]]) {
      const total = weights.reduce((sum, weight) => sum + weight)
      assertNear(
        shares(weights, (urn) => urn.draw()),
        weights.map((weight) => weight / total),
      )
    }
  })

  it('draws another one in proportion to the weights of the others', () => {
    assertNear(
      shares([1, 1, 1], (urn) => urn.drawOther(1)),
      [0.5, 0, 0.5],
    )
    assertNear(
      shares([1, 2, 3], (urn) => urn.drawOther(0)),
      [0, 0.4, 0.6],
    )
    assertNear(
      shares([1, 2, 3], (urn) => urn.drawOther(1)),
      [0.25, 0, 0.75],
    )
    assertNear(
      shares([1, 2, 3], (urn) => urn.drawOther(2)),
      [1 / 3, 2 / 3, 0],
    )
  })

  it('never draws the same one again, whatever the weights and the luck', () => {
    const weight = fc.oneof(fc.constant(1), fc.double({ min: 1e-9, max: 1e9, noNaN: true }))
    const weights = fc.array(weight, { minLength: 2, maxLength: 9 })
    const luck = fc.oneof(
      fc.constant(0),
      fc.constant(1 - 2 ** -32),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    )
    const property = fc.property(weights, luck, luck, (weights, one, two) => {
      const numbers = [one, two]
      const urn = new Urn(() => numbers.shift()!)
      urn.fill(weighing(weights))
      const first = urn.draw()
      const other = urn.drawOther(first)
      assert.ok(first >= 0 && first < weights.length && other >= 0 && other < weights.length)
      assert.notEqual(other, first)
    })
    fc.assert(property, { numRuns: 2_000 })
  })

  it('follows another array with other weights', () => {
    const urn = new Urn(() => 0.6)
    urn.fill(weighing([1, 1]))
    assert.equal(urn.draw(), 1)
    urn.fill(weighing([3, 1]))
    assert.equal(urn.draw(), 0)
    urn.fill(weighing([1, 1, 1, 1, 1]))
    assert.equal(urn.draw(), 3)
  })
})
