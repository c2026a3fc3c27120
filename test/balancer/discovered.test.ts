import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type Balancer, createBalancer, type PoolSpec } from '../../src/balancer.ts'
import { parseAddress } from '../../src/base/address.ts'
import type { Log } from '../../src/base/log.ts'
import { seeded } from '../../src/base/random.ts'
import { freePort, knot, needs } from '../discovery/name-server.ts'
import { createRewriter } from '../discovery/rewriter.ts'
import { until } from '../support/proxied.ts'
import { ask, type Clients, ceaseless, type LiveBackend, liveBackend } from './live.ts'

const clientCount = 16

interface Followed {
  readonly balancer: Balancer
  /** `event sentence` of all that was logged. */
  readonly told: readonly string[]
  /** What each pool was, each time a source told of other backends: `id weight`, sorted. */
  readonly versions: Readonly<Record<string, readonly string[]>>
  readonly clients: Readonly<Record<string, Clients>>
  membersOf(pool: string): string
}

/** A balancer with a listener in mode http for each pool, and clients who ask all the time. */
async function followed(t: TestContext, pools: readonly PoolSpec[]): Promise<Followed> {
  const told: string[] = []
  const versions: Record<string, string[]> = {}
  let balancer: Balancer | undefined
  const write = (event: string, sentence: string, fields: object = {}): void => {
    told.push(`${event} ${sentence}`)
    if (event !== 'discovered' || !('pool' in fields)) return
    const name = String(fields.pool)
    // It is told before the pool has them.
    queueMicrotask(() => {
      if (balancer?.pools.has(name)) versions[name]!.push(membersOf(name))
    })
  }
  const membersOf = (name: string): string =>
    balancer!.pools
      .get(name)!
      .backends.map(({ id, fullWeight }) => `${id} ${fullWeight}`)
      .sort()
      .join('\n')
  const log: Log = { debug() {}, info: write, warn: write, error: write }
  const listeners = pools.map(({ name }) => ({
    name,
    address: { host: '127.0.0.1', port: 0 },
    mode: 'http' as const,
    routes: [{ to: [{ pool: name, weight: 1 }] }],
  }))
  for (const { name } of pools) versions[name] = []
  balancer = await createBalancer({ pools, listeners }, { log })
  t.after(() => balancer.close(0))
  const clients = Object.fromEntries(
    [...balancer.listeners].map(([name, { address }]) => [
      name,
      ceaseless(t, address, clientCount),
    ]),
  )
  return { balancer, told, versions, clients, membersOf }
}

/** Stops the clients, and finds that each had all its answers, from these backends alone. */
async function assertNothingLost(
  clients: Clients,
  backends: readonly LiveBackend[],
): Promise<void> {
  await clients.stop()
  assert.deepEqual(clients.faults, [])
  const ids = backends.map(({ id }) => id)
  assert.deepEqual(
    [...clients.answers.keys()].filter((id) => !ids.includes(id)),
    [],
  )
}

describe('a balancer that follows a file', () => {
  const [bursts, rewrites] = [50, 20]

  it('loses no request while the file is rewritten 1000 times, and has whole versions only', {
    timeout: 110_000,
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'servers.txt')
    const backends = await Promise.all(Array.from({ length: 6 }, () => liveBackend(t)))
    for (const backend of backends) backend.waitMs = 3
    const seed = Date.now()
    t.diagnostic(`seed ${seed}`)
    const random = seeded(seed)
    /** Some of the backends, all with a weight that no other version has. */
    const version = (nth: number): string[] =>
      backends
        .filter(() => random() < 0.5)
        .concat(backends[nth % 6]!)
        .map(({ id }) => `${id} ${1 + nth / 10_000}`)
        .filter((line, i, all) => all.indexOf(line) === i)
        .sort()
    const texts = Array.from({ length: bursts * rewrites }, (_, nth) => version(nth))
    const first = backends.map(({ id }) => `${id} 1`).sort()
    const textOf = (lines: readonly string[]): string =>
      `# the servers\n${lines.join('\n').replaceAll(' ', ' weight=')}\n`
    writeFileSync(path, textOf(first))
    const { clients, versions, told, membersOf } = await followed(t, [
      { name: 'web', backends: [], sources: [{ kind: 'file', path }], strategy: 'round-robin' },
    ])
    const rewrite = createRewriter(t, path)
    for (let burst = 0; burst < bursts; burst++) {
      const some = texts.slice(burst * rewrites, (burst + 1) * rewrites)
      await rewrite(some.map(textOf))
      await until(() => membersOf('web') === some.at(-1)!.join('\n'))
    }
    const idsNow = membersOf('web')
    // Idle connections to those that are gone are closed.
    await until(() => backends.every(({ connections, id }) => idsNow.includes(id) || !connections))
    await assertNothingLost(clients.web!, backends)
    const whole = new Set(texts.map((lines) => lines.join('\n')))
    assert.deepEqual(
      versions.web!.filter((members) => !whole.has(members)),
      [],
    )
    assert.deepEqual(
      told.filter((line) => line.startsWith('discovery_failed')),
      [],
    )
    t.diagnostic(`${clients.web!.total} answers, ${versions.web!.length} versions used`)
  })
})

describe('a balancer whose backends are all exchanged for others', () => {
  for (const failOpen of [true, false]) {
    it(`loses no request, with failOpen ${failOpen}`, { timeout: 60_000 }, async (t) => {
      const backends = await Promise.all(Array.from({ length: 4 }, () => liveBackend(t)))
      const own = { name: 'web', strategy: 'round-robin', failOpen }
      const named = backends.map(({ id }) => ({ address: parseAddress(id) }))
      const [some, others] = [named.slice(0, 2), named.slice(2)]
      const { balancer, clients } = await followed(t, [{ ...own, backends: some }])
      for (let turn = 0; turn < 10; turn++) {
        for (const now of [others, some]) {
          const before = clients.web!.total
          await until(() => clients.web!.total > before + clientCount)
          const { listeners } = balancer.spec
          await balancer.apply({ listeners, pools: [{ ...own, backends: now }] })
        }
      }
      await assertNothingLost(clients.web!, backends)
    })
  }
})

describe('a balancer that follows DNS', needs('knotd'), () => {
  it('loses no request while records change, and while the server is dead', {
    timeout: 110_000,
  }, async (t) => {
    const port = await freePort()
    const hosts = Array.from({ length: 6 }, (_, i) => `127.0.0.${i + 1}`)
    const backends = await Promise.all(hosts.map((host) => liveBackend(t, host, port)))
    for (const backend of backends) backend.waitMs = 3
    /** Records of these backends, by number: A for all, SRV with weights. */
    const records = (...some: readonly number[]): string[] => [
      ...some.map((nth) => `web A ${hosts[nth]}`),
      ...some.map((nth) => `_http._tcp SRV 1 ${nth + 1} ${port} web-${nth}`),
      ...some.map((nth) => `web-${nth} A ${hosts[nth]}`),
    ]
    const members = (some: readonly number[], weight: (nth: number) => number): string =>
      some.map((nth) => `${hosts[nth]}:${port} ${weight(nth)}`).join('\n')
    const server = await knot(t, records(0, 1), 1)
    const own = { backends: [], strategy: 'least-connections' }
    const web = { kind: 'dns', name: 'web.example', port, server: server.address } as const
    const services = { kind: 'srv', name: '_http._tcp.example', server: server.address } as const
    const { balancer, clients, told, membersOf } = await followed(t, [
      { ...own, name: 'a', sources: [web] },
      { ...own, name: 'srv', sources: [services] },
    ])
    const untilFollowed = async (...some: readonly number[]): Promise<void> => {
      await until(() => membersOf('a') === members(some, () => 1))
      await until(() => membersOf('srv') === members(some, (nth) => nth + 1))
    }
    await untilFollowed(0, 1)
    // Both of those that there are now go, but not before this is answered.
    const held = [...balancer.listeners.values()].map(({ address }) => ask(address, '/held'))
    await until(() => backends[0]!.held + backends[1]!.held === held.length)
    for (const some of [[2, 3], [4], [0, 1, 2, 3, 4, 5], [2, 5]]) {
      server.serve(records(...some))
      await untilFollowed(...some)
    }
    for (const backend of backends) backend.letGo()
    for (const answer of held) assert.equal((await answer).status, 200)
    assert.deepEqual(
      told.filter((line) => line.startsWith('discovery_failed')),
      [],
    )
    await server.kill()
    const failures = (): number => told.filter((line) => line.startsWith('discovery_failed')).length
    await until(() => failures() >= 2)
    assert.equal(
      membersOf('a'),
      members([2, 5], () => 1),
    )
    await server.revive()
    server.serve(records(0, 5))
    await untilFollowed(0, 5)
    for (const each of Object.values(clients)) await assertNothingLost(each, backends)
  })
})
