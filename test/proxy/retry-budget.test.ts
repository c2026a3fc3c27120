import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RetryBudget } from '../../src/proxy/retry-budget.ts'

/** A budget on a clock that stands still, and the names of the retries that were started. */
function make(): { budget: RetryBudget; clock: { nowMs: number }; started: string[] } {
  const clock = { nowMs: 0 }
  return { budget: new RetryBudget(() => clock.nowMs), clock, started: [] }
}

describe('the budget of retries', () => {
  it('starts as many as a fifth of the work under way, and three more each second', () => {
    const { budget, clock, started } = make()
    const ask = (count: number): void => {
      for (let nth = 0; nth < count; nth++) budget.request(50, () => started.push('x'))
    }
    ask(100)
    assert.equal(started.length, 13)
    clock.nowMs = 999
    ask(10)
    assert.equal(started.length, 13)
    clock.nowMs = 1_000
    ask(10)
    assert.equal(started.length, 16)
  })

  it('starts who waits in the order of asking, as others finish', () => {
    const { budget, started } = make()
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) budget.request(1, () => started.push(name))
    assert.equal(started.join(''), 'abcd')
    budget.finish()
    assert.equal(started.join(''), 'abcde')
    budget.finish()
    assert.equal(started.join(''), 'abcdef')
  })

  it('refuses when too many wait, and has room again when they have left', () => {
    const { budget } = make()
    const waiting = Array.from({ length: 1_024 }, () => () => assert.fail('nobody finished'))
    for (let nth = 0; nth < 4; nth++) budget.request(1, () => {})
    for (const start of waiting) assert.equal(budget.request(1, start), true)
    assert.equal(
      budget.request(1, () => {}),
      false,
    )
    for (const start of waiting) budget.forget(start)
    assert.equal(
      budget.request(1, () => {}),
      true,
    )
  })

  it('needs no deeper stack when all who wait fail at once', () => {
    const { budget } = make()
    let depth = 0
    let deepest = 0
    for (let nth = 0; nth < 4; nth++) budget.request(1, () => {})
    for (let nth = 0; nth < 1_000; nth++) {
      budget.request(1, () => {
        deepest = Math.max(deepest, ++depth)
        budget.finish()
        depth--
      })
    }
    budget.finish()
    assert.equal(deepest, 1)
  })

  it('leaves nobody waiting with nothing under way', () => {
    const step = fc.oneof(
      fc.record({ ask: fc.nat(30) }),
      fc.constant('finish' as const),
      fc.constant('leave' as const),
      fc.record({ passMs: fc.nat(1_500) }),
    )
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { budget, clock } = make()
      let active = 0
      const waiting: (() => void)[] = []
      for (const what of steps) {
        if (what === 'finish') {
          if (active === 0) continue
          active--
          budget.finish()
        } else if (what === 'leave') {
          const start = waiting.pop()
          if (start !== undefined) budget.forget(start)
        } else if ('passMs' in what) clock.nowMs += what.passMs
        else {
          const start = (): void => {
            active++
            const index = waiting.indexOf(start)
            if (index !== -1) waiting.splice(index, 1)
          }
          waiting.push(start)
          assert.ok(budget.request(what.ask, start))
        }
        if (waiting.length > 0) assert.ok(active > 0)
      }
      while (active > 0) {
        active--
        budget.finish()
      }
      assert.equal(waiting.length, 0)
    })
    fc.assert(property)
  })
})
