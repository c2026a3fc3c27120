import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { jittered, seeded } from '../../src/base/random.ts'

const draws = (seed: number, count: number): number[] => {
  const random = seeded(seed)
  return Array.from({ length: count }, random)
}

describe('seeded random numbers', () => {
  it('are the same for the same seed, for ever', () => {
    assert.deepEqual(draws(1, 100), draws(1, 100))
    // Written down, so that a run of last year can be repeated.
    assert.deepEqual(
      draws(42, 3).map((number) => Math.floor(number * 2 ** 32)),
      [2581720956, 1925393290, 3661312704],
    )
  })

  it('are others for each seed, also for seeds side by side', () => {
    const firsts = Array.from({ length: 1_000 }, (_, seed) => draws(seed, 1)[0]!)
    assert.equal(new Set(firsts).size, 1_000)
    const mean = firsts.reduce((sum, number) => sum + number, 0) / 1_000
    assert.ok(Math.abs(mean - 0.5) < 0.04, `${mean}`)
  })

  it('lie from 0 up to 1, without 1, and spread evenly', () => {
    for (const seed of [0, -1, 7, 2 ** 31, 2 ** 32 - 1]) {
      const counts = new Array<number>(100).fill(0)
      for (const number of draws(seed, 100_000)) {
        assert.ok(number >= 0 && number < 1)
        counts[Math.floor(number * 100)]!++
      }
      // Of 99 degrees of freedom: beyond 170 once in 100,000 seeds.
      const chi = counts.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0)
      assert.ok(chi > 45 && chi < 170, `seed ${seed}: ${chi}`)
    }
  })

  it('follow one another without a pattern', () => {
    const numbers = draws(3, 50_000)
    for (const lag of [1, 2, 3, 7]) {
      let product = 0
      for (let i = lag; i < numbers.length; i++) {
        product += (numbers[i]! - 0.5) * (numbers[i - lag]! - 0.5)
      }
      const correlation = (product / (numbers.length - lag)) * 12
      assert.ok(Math.abs(correlation) < 0.02, `lag ${lag}: ${correlation}`)
    }
  })
})

describe('jitter', () => {
  it('is the share at the most, and both ways alike', () => {
    assert.deepEqual(
      [0, 0.5, 1].map((drawn) => Math.round(jittered(2_000, 0.1, () => drawn))),
      [1_800, 2_000, 2_200],
    )
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1 }),
        (drawn, ms) => {
          const found = jittered(ms, 0.1, () => drawn)
          assert.ok(found >= ms * 0.9 * (1 - 1e-9) && found <= ms * 1.1 * (1 + 1e-9))
          const other = jittered(ms, 0.1, () => 1 - drawn)
          assert.ok(Math.abs(found + other - 2 * ms) < ms * 1e-9)
        },
      ),
    )
  })
})
