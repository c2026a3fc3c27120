import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createReplay, type StrategyReport, simulate, type Workload } from '../../src/simulator.ts'
import { strategies } from '../../src/strategies/index.ts'

const small: Workload = {
  arrivals: { kind: 'poisson', ratePerSecond: 100 },
  service: { kind: 'exponential', meanMs: 10 },
  backends: [{ name: 'a', count: 2 }],
  requests: 2_000,
}

function reportOf(workload: Workload, strategy = 'round-robin'): StrategyReport {
  const [report] = simulate(workload, [strategy]).strategies
  assert.ok(report)
  return report
}

describe('a simulation', () => {
  it('is the same for the same seed, and another one for another', () => {
    assert.deepEqual(
      simulate(small, undefined, { seed: 3 }),
      simulate(small, undefined, { seed: 3 }),
    )
    assert.notDeepEqual(simulate(small, ['random']), simulate(small, ['random'], { seed: 2 }))
  })

  it('gives every strategy the same, whatever runs beside it', () => {
    const all = simulate(small).strategies
    assert.deepEqual(
      all.map(({ strategy }) => strategy),
      Object.keys(strategies),
    )
    for (const report of all) assert.deepEqual(reportOf(small, report.strategy), report)
  })

  it('loses no request, whatever happens to the backends', () => {
    const times = fc.tuple(fc.nat(3_000), fc.integer({ min: 1, max: 3_000 }))
    const trouble = fc.record({
      servers: fc.integer({ min: 1, max: 3 }),
      discipline: fc.constantFrom('fifo' as const, 'sharing' as const),
      latencyMs: fc.nat(20),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      outage: times,
      slow: times,
      speed: fc.constantFrom(0, 0.1, 3),
    })
    const property = fc.property(
      fc.array(trouble, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(...Object.keys(strategies)),
      fc.option(fc.integer({ min: 1, max: 500 })),
      fc.constantFrom<Workload['arrivals']>(
        { kind: 'poisson', ratePerSecond: 200 },
        { kind: 'bursts', size: 30, everyMs: 200 },
        { kind: 'closed', clients: 20, thinkMs: 5 },
      ),
      (troubles, strategy, timeoutMs, arrivals) => {
        const backends = troubles.map(({ share, outage, slow, speed, ...same }, index) => ({
          ...same,
          name: `b${index}`,
          failures: { share: share > 0.5 ? share : 0, afterMs: 1 },
          outages: [{ fromMs: outage[0], toMs: outage[0] + outage[1] }],
          slowDowns: [{ fromMs: slow[0], toMs: slow[0] + slow[1], speed }],
        }))
        const limits = timeoutMs === null ? {} : { timeoutMs }
        const { requests, succeeded, errors } = reportOf(
          { ...small, arrivals, backends, requests: 300, ...limits },
          strategy,
        )
        const { failed, refused, timedOut, lost, unfinished } = errors
        assert.equal(requests, 300)
        assert.equal(succeeded + failed + refused + timedOut + lost, 300)
        assert.equal(unfinished, 0)
      },
    )
    fc.assert(property, { numRuns: 150 })
  })

  it('says that more comes in than can be done', () => {
    const arrivals = { kind: 'poisson', ratePerSecond: 400 } as const
    const simulation = simulate({ ...small, arrivals }, ['random'])
    assert.ok(simulation.isUnstable && Math.abs(simulation.offeredLoad - 2) < 0.1)
    assert.ok(simulation.strategies[0]!.isUnstable)
    assert.ok(!simulate(small, ['random']).isUnstable)
  })

  it('ends when a backend hangs for ever and nobody gives up', () => {
    const slowDowns = [{ fromMs: 0, toMs: Number.POSITIVE_INFINITY, speed: 0 }]
    const backends = [{ name: 'a', slowDowns }]
    assert.equal(reportOf({ ...small, backends }).errors.unfinished, 2_000)
    const clients = { kind: 'closed', clients: 5, thinkMs: 0 } as const
    assert.equal(reportOf({ ...small, backends, arrivals: clients }).errors.unfinished, 5)
  })

  it('holds no more than so many requests, however many come', () => {
    const arrivals = { kind: 'bursts', size: 100_000, everyMs: 1 } as const
    const { errors, queue } = reportOf({ ...small, arrivals, requests: 120_000 }, 'random')
    assert.ok(errors.refused > 19_900 && errors.refused <= 20_000, `${errors.refused}`)
    assert.ok(queue.most <= 100_000)
  })

  it('takes one backend, and 500', () => {
    for (const count of [1, 500]) {
      const { backends, succeeded } = reportOf({ ...small, backends: [{ name: 'a', count }] })
      assert.deepEqual([backends.length, succeeded], [count, 2_000])
    }
  })

  it('takes a strategy of one’s own, one for each balancer', () => {
    let made = 0
    const { strategies: all } = simulate({ ...small, balancers: 3 }, [
      () => {
        made++
        return { name: 'last', pick: (candidates) => candidates.at(-1)! }
      },
    ])
    assert.deepEqual([made, all[0]!.strategy, all[0]!.backends[1]!.share], [3, 'last', 1])
  })

  it('tells how far it is, and never backwards', () => {
    for (const kind of ['poisson', 'closed'] as const) {
      const arrivals =
        kind === 'poisson' ? small.arrivals : ({ kind, clients: 4, thinkMs: 0 } as const)
      const shares: number[] = []
      simulate({ ...small, arrivals, requests: 10_000 }, ['random', 'ring'], {
        onProgress: (share) => shares.push(share),
      })
      assert.ok(shares.length > 5 && shares.every((share) => share > 0 && share <= 1))
      assert.deepEqual(
        shares,
        [...shares].sort((a, b) => a - b),
      )
    }
  })

  it('refuses what it cannot play', () => {
    assert.throws(() => simulate({ ...small, arrivals: { kind: 'given' } }), RangeError)
    assert.throws(() => simulate({ ...small, backends: [] }), RangeError)
    assert.throws(() => simulate(small, ['nonsense']), { code: 'STRATEGY_UNKNOWN' })
    for (const ratePerSecond of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const arrivals = { kind: 'poisson', ratePerSecond } as const
      const message = `workload.arrivals.ratePerSecond is ${ratePerSecond}: above 0 wanted`
      assert.throws(() => simulate({ ...small, arrivals }), { name: 'RangeError', message })
    }
    assert.throws(() => simulate({ ...small, warmUpMs: -1 }), /warmUpMs is -1: 0 or more wanted/)
    assert.throws(() => simulate({ ...small, backends: [{ name: 'a', count: 0 }] }), RangeError)
    const backends = [{ name: 'a' }, { name: 'a' }]
    assert.throws(() => simulate({ ...small, backends }), { code: 'ADDRESS' })
  })
})

describe('a replay', () => {
  it('plays what it is brought, by hand', () => {
    const replay = createReplay(
      { ...small, arrivals: { kind: 'given' }, backends: [{ name: 'a' }] },
      ['random'],
    )
    // The second waits 6 ms for the first; the third finds it idle; a late one comes with the last.
    for (const [atMs, workMs] of [
      [0, 10],
      [4, 10],
      [50, 5],
      [45, 1],
    ] as const) {
      replay.arrive({ atMs, workMs, key: '', balancer: 0 })
    }
    const { strategies: all } = replay.end()
    const { response, waiting, queue, starvedMs } = all[0]!
    assert.equal(response.meanMs, (10 + 16 + 5 + 6) / 4)
    assert.equal(waiting.meanMs, (6 + 5) / 4)
    assert.deepEqual([queue.most, starvedMs], [2, 46])
  })

  it('of nothing is empty', () => {
    const { requests, strategies: all } = createReplay(small, ['random']).end()
    assert.deepEqual([requests, all[0]!.response.meanMs, all[0]!.errors.unfinished], [0, 0, 0])
  })
})

describe('a backend that is out', () => {
  const outages = [{ fromMs: 1_000, toMs: 5_000 }]

  it('costs a retry, and what it worked on', () => {
    const backends = [{ name: 'a' }, { name: 'b', outages }]
    const { retries, errors, starvedMs } = reportOf({ ...small, backends })
    assert.ok(retries >= 2 && retries < 10, `${retries}`)
    assert.deepEqual([errors.refused, errors.lost < 10], [0, true])
    // Tried at seconds 1, 2, 4 and 8: from 5 on it would have taken a request.
    assert.ok(starvedMs > 2_900 && starvedMs < 3_300, `${starvedMs}`)
  })

  it('refuses all, when there is no other', () => {
    const { errors } = reportOf({ ...small, backends: [{ name: 'b', outages }], retriesMax: 0 })
    assert.ok(errors.refused > 300 && errors.refused < 500, `${errors.refused}`)
  })
})
