import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Random } from '../../src/base/random.ts'
import { seeded } from '../../src/base/random.ts'
import { peakEwma } from '../../src/strategies/peak-ewma.ts'
import { random } from '../../src/strategies/random.ts'
import { twoChoices } from '../../src/strategies/two-choices.ts'
import { idle, type Writable } from './laws.ts'

/** Draws these numbers, in turn. */
function drawing(...numbers: readonly number[]): Random {
  let at = 0
  return () => numbers[at++ % numbers.length]!
}

describe('two-choices', () => {
  it('takes the less loaded of two different ones, the first drawn of a tie', () => {
    const candidates = idle(4)
    // The third, and the one two places on: the first.
    const strategy = twoChoices(drawing(0.5, 0.34))
    assert.equal(strategy.pick(candidates, ''), candidates[2])
    candidates[2]!.active = 1
    assert.equal(strategy.pick(candidates, ''), candidates[0])
  })

  it('holds the most loaded of many far below what random does', () => {
    const most = (make: typeof twoChoices): number => {
      const candidates = idle(1_000)
      const strategy = make(seeded(11))
      for (let i = 0; i < 1_000; i++) strategy.pick(candidates, '').active++
      return Math.max(...candidates.map(({ active }) => active))
    }
    // ln ln n / ln 2 + O(1) against ln n / ln ln n: 3 and 5 or 6 for a thousand.
    assert.ok(most(twoChoices) <= 4, `${most(twoChoices)}`)
    assert.ok(most(random) >= 5, `${most(random)}`)
  })
})

describe('peak-ewma', () => {
  /** Two candidates, which are all that is drawn from. */
  const pair = (): [Writable, Writable] => idle(2) as [Writable, Writable]
  const pick = (candidates: [Writable, Writable], nowMs: number): number =>
    candidates.indexOf(peakEwma(() => nowMs, seeded(1)).pick(candidates, '') as Writable)

  it('takes the lower peak for the work at hand', () => {
    const candidates = pair()
    Object.assign(candidates[0], { peakResponseTimeMs: 30, active: 1, waiting: 1 })
    Object.assign(candidates[1], { peakResponseTimeMs: 50 })
    assert.equal(pick(candidates, 0), 1)
    candidates[1].peakResponseTimeMs = 70
    assert.equal(pick(candidates, 0), 0)
    candidates[1].weight = 2
    assert.equal(pick(candidates, 0), 1)
  })

  it('forgets the peak of an idle one, to 1/e in 10 s', () => {
    const candidates = pair()
    Object.assign(candidates[0], { peakResponseTimeMs: 100, quietSinceMs: 10_000 })
    Object.assign(candidates[1], { peakResponseTimeMs: 100 * Math.E - 1, quietSinceMs: 0 })
    assert.equal(pick(candidates, 10_000), 1)
    candidates[1].peakResponseTimeMs += 2
    assert.equal(pick(candidates, 10_000), 0)
  })

  it('lets one that was never measured answer once before it gets more', () => {
    const candidates = pair()
    Object.assign(candidates[0], { peakResponseTimeMs: 100 })
    assert.equal(pick(candidates, 0), 1)
    Object.assign(candidates[1], { active: 1, waiting: 1 })
    assert.equal(pick(candidates, 0), 0)
  })

  it('leaves one that hangs after a second', () => {
    const candidates = pair()
    Object.assign(candidates[0], { peakResponseTimeMs: 100, active: 4, waiting: 4 })
    Object.assign(candidates[1], { peakResponseTimeMs: 1, active: 1, waiting: 1, quietSinceMs: 0 })
    assert.equal(pick(candidates, 900), 1)
    candidates[0].quietSinceMs = 1_000
    assert.equal(pick(candidates, 1_100), 0)
  })

  it('leaves one that fails, and tries it again after a while', () => {
    const candidates = pair()
    Object.assign(candidates[0], { peakResponseTimeMs: 100, active: 1, waiting: 1 })
    Object.assign(candidates[1], { peakResponseTimeMs: 1, errorShare: 1 })
    assert.equal(pick(candidates, 0), 0)
    candidates[0].quietSinceMs = 30_000
    assert.equal(pick(candidates, 30_000), 1)
  })
})
