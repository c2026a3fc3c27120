import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createBalancer } from '../../src/balancer.ts'
import { parseAddress } from '../../src/base/address.ts'
import { until } from '../support/proxied.ts'
import { type Clients, ceaseless, type LiveBackend, liveBackend } from './live.ts'

/** How long a look takes: requests, not time. */
const someRequests = 400

/** Much more than the stalls of a busy machine, which all backends show. */
const injectedMs = 300

interface Running {
  readonly backends: readonly LiveBackend[]
  readonly clients: Clients
  /**
   * The share of each backend in the next requests, from the first time on that they are so.
   *
   * A machine that stalls makes every backend slow for a moment: so it looks again, up to the time limit of the
   * test.
   */
  untilShares(isSo: (shares: readonly number[]) => boolean): Promise<void>
}

/** A balancer in mode http, four backends that wait 8 ms, and clients who ask all the time. */
async function running(t: TestContext, strategy: string): Promise<Running> {
  const backends = await Promise.all(Array.from({ length: 4 }, () => liveBackend(t)))
  for (const backend of backends) backend.waitMs = 8
  const named = backends.map(({ id }) => ({ address: parseAddress(id) }))
  const address = { host: '127.0.0.1', port: 0 }
  const routes = [{ to: [{ pool: 'web', weight: 1 }] }]
  const balancer = await createBalancer({
    listeners: [{ name: 'front', address, mode: 'http', routes }],
    pools: [{ name: 'web', backends: named, strategy }],
  })
  t.after(() => balancer.close(0))
  const clients = ceaseless(t, balancer.listeners.get('front')!.address, 16, 8)
  const shares = async (): Promise<number[]> => {
    const before = backends.map(({ count }) => count)
    const counts = (): number[] => backends.map(({ count }, i) => count - before[i]!)
    const sum = (): number => counts().reduce((all, count) => all + count)
    await until(() => sum() >= someRequests)
    return counts().map((count) => count / sum())
  }
  const untilShares: Running['untilShares'] = async (isSo) => {
    while (!isSo(await shares()));
  }
  return { backends, clients, untilShares }
}

describe('four real backends', { timeout: 110_000, concurrency: 2 }, () => {
  for (const strategy of ['least-response-time', 'peak-ewma']) {
    it(`spare one that is slow, and come back to it, by ${strategy}`, async (t) => {
      const { backends, clients, untilShares } = await running(t, strategy)
      const [bad, ...well] = backends as [LiveBackend, ...LiveBackend[]]
      await untilShares((shares) => Math.min(...shares) > 0)
      bad.waitMs += injectedMs
      await untilShares(([slow, ...others]) => slow! < 0.08 && Math.min(...others) > 0)
      bad.waitMs -= injectedMs
      const { count } = bad
      // It has its whole share in some seconds, or in half a minute by peak-ewma: virtual time shows that.
      await until(() => bad.count > count + 3)
      await clients.stop()
      assert.deepEqual(clients.faults, [])
      assert.equal(clients.answers.size, 1 + well.length)
    })

    it(`are not drawn to one that fails at once, by ${strategy}`, async (t) => {
      const { backends, untilShares } = await running(t, strategy)
      const bad = backends[2]!
      await untilShares((shares) => Math.min(...shares) > 0)
      Object.assign(bad, { waitMs: 1, status: 500 })
      await untilShares((shares) => shares[2]! < 0.05)
      Object.assign(bad, { waitMs: 8, status: 200 })
      const { count } = bad
      await until(() => bad.count > count + 3)
    })
  }

  it('share evenly by round-robin, also with a slow one: it does not look', async (t) => {
    const { backends, untilShares } = await running(t, 'round-robin')
    backends[1]!.waitMs += injectedMs
    await untilShares((shares) => Math.min(...shares) > 0.2)
  })
})
