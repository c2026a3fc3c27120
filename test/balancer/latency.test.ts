import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Balancer, createBalancer } from '../../src/balancer.ts'
import { parseAddress } from '../../src/base/address.ts'
import { until } from '../support/proxied.ts'
import { type Clients, ceaseless, type LiveBackend, liveBackend } from './live.ts'

/** How long the test looks at something: requests, not time. */
const someRequests = 400

/** Much more than the stalls of a busy machine, which all backends show. */
const injectedMs = 300

interface Running {
  readonly balancer: Balancer
  readonly backends: readonly LiveBackend[]
  readonly clients: Clients
  /** The share of each backend in the next requests. */
  shares(): Promise<number[]>
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
  return { balancer, backends, clients, shares }
}

describe('four real backends', { timeout: 110_000, concurrency: 2 }, () => {
  for (const strategy of ['least-response-time', 'peak-ewma']) {
    it(`spare one that is slow, and come back to it, by ${strategy}`, async (t) => {
      const { backends, clients, shares } = await running(t, strategy)
      const before = await shares()
      assert.ok(Math.min(...before) > 0.02, `nobody starves: ${before}`)
      const slow = backends[1]!
      slow.waitMs += injectedMs
      // What has just been picked is still to be found slow.
      await shares()
      const during = await shares()
      assert.ok(during[1]! < 0.08, `the slow one has a share of ${during}`)
      const well = [during[0]!, during[2]!, during[3]!]
      assert.ok(Math.min(...well) > 0.02, `nobody starves: ${during}`)
      slow.waitMs -= injectedMs
      const { count } = slow
      // It comes back by shares in some seconds, or in half a minute by peak-ewma: virtual time shows that.
      await until(() => slow.count > count + 3)
      await clients.stop()
      assert.deepEqual(clients.faults, [])
    })

    it(`are not drawn to one that fails at once, by ${strategy}`, async (t) => {
      const { backends, shares } = await running(t, strategy)
      await shares()
      Object.assign(backends[2]!, { waitMs: 1, status: 500 })
      await shares()
      const during = await shares()
      assert.ok(during[2]! < 0.05, `the failing one has a share of ${during}`)
      Object.assign(backends[2]!, { waitMs: 8, status: 200 })
      const { count } = backends[2]!
      await until(() => backends[2]!.count > count + 3)
    })
  }

  it('share evenly by round-robin, also with a slow one: it does not look', async (t) => {
    const { backends, shares } = await running(t, 'round-robin')
    backends[1]!.waitMs += injectedMs
    const during = await shares()
    assert.ok(Math.max(...during) < 0.3, `${during}`)
  })
})
