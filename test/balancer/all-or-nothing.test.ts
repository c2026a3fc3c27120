import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type BalancerSpec, createBalancer, type PoolSpec } from '../../src/balancer.ts'
import { backTo, held } from '../net/leaks.ts'
import { named } from '../proxy/http-talk.ts'
import { backend, deadPort } from '../support/backends.ts'
import { drain, open } from '../support/proxied.ts'
import { at, balanced, listenerTo, poolOf, recorder, simple } from './balanced.ts'

const timeout = 60_000

interface Refused {
  readonly spec: BalancerSpec
  readonly error: object
  /** What only whoever listens can find out. */
  readonly isUnplanned?: boolean
}

/** Specs that cannot be, each with changes that could. */
async function refusedSpecs(t: TestContext, port: number): Promise<Record<string, Refused>> {
  const taken = await backend(t, () => {})
  const more = simple([port, await deadPort()], { health: { kind: 'tcp' } })
  const web = more.listeners[0]!
  const withPool = (pool: Partial<PoolSpec>): BalancerSpec => ({
    listeners: more.listeners,
    pools: [
      { ...more.pools[0]!, ...pool },
      poolOf([port], { name: 'new', health: { kind: 'tcp' } }),
    ],
  })
  const withNew = (pool: Partial<PoolSpec>): BalancerSpec => ({
    listeners: more.listeners,
    pools: [...more.pools, poolOf([port], { name: 'new', ...pool })],
  })
  const withListener = (listener: object): BalancerSpec => ({
    pools: more.pools,
    listeners: [
      web,
      listenerTo('main', { name: 'fine' }),
      listenerTo('main', { name: 'new', ...listener }),
    ],
  })
  const range = { name: 'RangeError' }
  return {
    'an unknown strategy': {
      spec: withPool({ strategy: 'x' }),
      error: { code: 'STRATEGY_UNKNOWN' },
    },
    'one of a new pool': { spec: withNew({ strategy: 'x' }), error: { code: 'STRATEGY_UNKNOWN' } },
    'a file that is none': {
      spec: withPool({ strategy: './no.ts' }),
      error: { code: 'STRATEGY_FILE' },
    },
    'a backend twice': { spec: withPool({ backends: [at(1), at(1)] }), error: { code: 'ADDRESS' } },
    'one of a new pool twice': {
      spec: withNew({ backends: [at(1), at(1)] }),
      error: { code: 'ADDRESS' },
    },
    'a weight': { spec: withPool({ backends: [at(1, { weight: -1 })] }), error: range },
    'a limit': { spec: withPool({ queueMax: -1 }), error: range },
    'a probe': { spec: withPool({ health: { kind: 'tcp', rise: 0 } }), error: range },
    'a cookie': { spec: withPool({ affinity: { kind: 'cookie', name: ' ' } }), error: range },
    'a source': {
      spec: withPool({ sources: [{ kind: 'dns', name: '', port: 1 }] }),
      error: { code: 'ADDRESS' },
    },
    'a source of a new pool': {
      spec: withNew({
        sources: [
          { kind: 'file', path: '/no/such' },
          { kind: 'srv', name: 'x..' },
        ],
      }),
      error: { code: 'ADDRESS' },
    },
    'an option of mode http': { spec: withListener({ http: { headTimeoutMs: -1 } }), error: range },
    'an option of the other mode': {
      spec: withListener({ mode: 'tcp', http: { headTimeoutMs: 1 } }),
      error: range,
    },
    'an option of a listener that is there': {
      spec: { pools: more.pools, listeners: [{ ...web, retriesMax: -1 }] },
      error: range,
    },
    'a route': {
      spec: withListener({ routes: [{ path: 'x', to: [{ pool: 'main', weight: 1 }] }] }),
      error: range,
    },
    'an unknown pool': {
      spec: withListener({ routes: [{ to: [{ pool: 'mian', weight: 1 }] }] }),
      error: {
        code: 'CONFIG',
        message: "listener 'new' names pool 'mian': one of main (did you mean main?)",
      },
    },
    'a name twice': { spec: withListener({ name: 'fine' }), error: { code: 'CONFIG' } },
    'a taken port': {
      spec: withListener({ address: { host: '127.0.0.1', port: taken } }),
      error: { code: 'LISTEN' },
      isUnplanned: true,
    },
  }
}

describe('what cannot be', { timeout }, () => {
  it('changes nothing and leaves nothing open', async (t) => {
    const port = await named(t, 'a')
    const refused = await refusedSpecs(t, port)
    const running = await balanced(t, simple([port], { health: { kind: 'tcp' } }))
    const { balancer, hear } = running
    assert.equal(await hear(), 'a')
    const specBefore = balancer.spec
    const before = held()
    const pool = balancer.pools.get('main')
    for (const [what, { spec, error, isUnplanned }] of Object.entries(refused)) {
      await assert.rejects(balancer.apply(spec), error, what)
      if (isUnplanned) assert.ok((await balancer.plan(spec)).length > 0, what)
      else await assert.rejects(balancer.plan(spec), error, what)
      assert.equal(balancer.spec, specBefore, what)
      assert.equal(balancer.pools.get('main'), pool, what)
      assert.deepEqual([...balancer.pools.keys(), ...balancer.listeners.keys()], ['main', 'web'])
      assert.equal(pool!.backends.length, 1, what)
      assert.equal(await hear(), 'a', what)
      await backTo(before)
    }
    assert.deepEqual(await balancer.apply(specBefore), [])
  })

  it('keeps a balancer from being, and leaves nothing open', async (t) => {
    const port = await named(t, 'a')
    for (const [what, { spec, error }] of Object.entries(await refusedSpecs(t, port))) {
      const before = held()
      await assert.rejects(createBalancer(spec), error, what)
      await backTo(before)
    }
  })

  it('gives back the port of a listener that made room for another', async (t) => {
    const port = await named(t, 'a')
    const free = await deadPort()
    const taken = await backend(t, () => {})
    const web = listenerTo('main', { address: { host: '127.0.0.1', port: free } })
    const pools = [poolOf([port])]
    const { balancer, hear, told } = await balanced(t, { pools, listeners: [web] })
    // The second place that is needed is not there: another one has it.
    const others = [{ ...web, mode: 'tcp' as const }, listenerTo('main', { name: 'x' })]
    const blocked = { ...others[1]!, address: { host: '127.0.0.1', port: taken } }
    await assert.rejects(balancer.apply({ pools, listeners: [others[0]!, blocked] }), {
      code: 'LISTEN',
    })
    assert.equal(await hear(), 'a')
    // This one can only fail once the old one has made room.
    const elsewhere = { ...web, address: { host: '192.0.2.1', port: free } }
    await assert.rejects(balancer.apply({ pools, listeners: [elsewhere] }), { code: 'LISTEN' })
    assert.deepEqual([...balancer.listeners.keys()], ['web'])
    assert.equal(await hear(), 'a')
    assert.deepEqual(await balancer.apply({ pools, listeners: [web] }), [])
    assert.deepEqual(told('listen_lost'), [])
  })
})

describe('fifty changes', { timeout }, () => {
  it('leave no timer, no socket and no watcher', async (t) => {
    const ports = [await named(t, 'a'), await named(t, 'b'), await named(t, 'c')]
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'servers.txt')
    writeFileSync(path, `127.0.0.1:${ports[2]}\n`)
    const before = held()
    const { log } = recorder()
    const plain = simple([ports[0]!])
    const rich: BalancerSpec = {
      pools: [
        poolOf(ports.slice(0, 2), {
          health: { kind: 'tcp' },
          affinity: { kind: 'cookie', name: 'c' },
          strategy: 'maglev',
          sources: [{ kind: 'file', path }],
        }),
        poolOf(ports.slice(1), { name: 'new', health: { kind: 'http' } }),
      ],
      listeners: [listenerTo('new', { name: 'new' }), listenerTo('main')],
    }
    const balancer = await createBalancer(plain, { log, graceMs: 0 })
    const ask = async (name: string): Promise<void> => {
      const client = open(balancer.listeners.get(name)!.address)
      client.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
      assert.match((await drain(client)).text, /^HTTP\/1\.1 200 /)
      client.destroy()
    }
    for (let nth = 0; nth < 25; nth++) {
      await balancer.apply(rich)
      await Promise.all([ask('web'), ask('new')])
      await balancer.apply(plain)
      await ask('web')
    }
    await balancer.close(0)
    await backTo(before)
  })
})
