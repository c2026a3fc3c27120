import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Played, p99Ms, play, type Server } from './delay.ts'

const well: Server = { workMs: 2, waitMs: 8 }
const slow: Server = { workMs: 2, waitMs: 108 }
const failing: Server = { workMs: 2, waitMs: 8, failsInMs: 1 }
const healthy = [well, well, well, well]
const oneSlow = [well, well, slow, well]
const oneFailing = [well, well, failing, well]

/** Requests a second: 5 to 40 % of what four of them can do. */
const rates = [100, 400, 800]

const played = (strategy: string, servers: readonly Server[], rate: number): Played =>
  play({ strategy, servers, rate, requests: 20_000 })

for (const strategy of ['least-response-time', 'peak-ewma']) {
  describe(`${strategy}, in virtual time`, () => {
    for (const rate of rates) {
      it(`keeps the 99th percentile when one of four takes 100 ms more, ${rate} a second`, () => {
        const before = p99Ms(played(strategy, healthy, rate))
        const after = played(strategy, oneSlow, rate)
        assert.ok(p99Ms(after) <= 1.5 * before, `${before} ms, then ${p99Ms(after)} ms`)
        for (const count of after.counts) assert.ok(count >= 10, `${after.counts}`)
      })

      it(`sends less than 1 in 100 to one that fails at once, ${rate} a second`, () => {
        const { counts, errors } = played(strategy, oneFailing, rate)
        assert.ok(errors > 0 && errors < 200, `${errors} errors, ${counts}`)
      })

      it(`comes back to one that is well again, ${rate} a second`, () => {
        for (const servers of [oneSlow, oneFailing]) {
          const run = { strategy, servers, later: healthy, rate, requests: 40 * rate + 20_000 }
          const { lastCounts } = play(run)
          const all = lastCounts.reduce((sum, count) => sum + count)
          assert.ok(lastCounts[2]! > (all / 4) * 0.8, `${lastCounts}`)
        }
      })
    }

    it('spares one that hardly ever fails no work to speak of', () => {
      const { counts } = played(strategy, healthy, 400)
      assert.ok(Math.min(...counts) > 4_500, `${counts}`)
    })

    it('shares the work when all of them fail', () => {
      const { counts } = played(strategy, [failing, failing, failing, failing], 400)
      assert.ok(Math.min(...counts) > 4_000, `${counts}`)
    })
  })
}

describe('least-response-time, in virtual time, with more load', () => {
  const computing: Server = { workMs: 10, waitMs: 0 }
  const far: Server = { workMs: 10, waitMs: 100 }
  // To 60 % of what four can do that wait, and 40 % of what four can do that compute: with more, the loss of
  // one of four alone costs half as much again.
  const cases = [
    { servers: healthy, later: oneSlow, rate: 1_200 },
    { servers: [computing, computing, computing, computing], rate: 80 },
    { servers: [computing, computing, computing, computing], rate: 160 },
  ]
  for (const { servers, later = [...servers.slice(1), far], rate } of cases) {
    it(`keeps the 99th percentile of work of ${servers[0]!.workMs} ms, ${rate} a second`, () => {
      const before = p99Ms(played('least-response-time', servers, rate))
      const after = p99Ms(played('least-response-time', later, rate))
      assert.ok(after <= 1.5 * before, `${before} ms, then ${after} ms`)
    })
  }
})

describe('round-robin, in virtual time', () => {
  it('lets one slow backend of four decide the 99th percentile', () => {
    const before = p99Ms(played('round-robin', healthy, 400))
    assert.ok(p99Ms(played('round-robin', oneSlow, 400)) > 5 * before)
  })
})

describe('least-connections, in virtual time', () => {
  it('is drawn to one that fails at once: it looks at no errors', () => {
    const { errors } = played('least-connections', oneFailing, 800)
    assert.ok(errors > 2_000, `${errors}`)
  })
})
