import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { BalancerSpec } from '../../src/balancer.ts'
import { named, scripted } from '../proxy/http-talk.ts'
import { deadPort, echo, greeter } from '../support/backends.ts'
import { drain, open, take, until } from '../support/proxied.ts'
import { at, balanced, listenerTo, poolOf, simple } from './balanced.ts'

const timeout = 30_000

describe('apply', { timeout }, () => {
  it('says what it changes, and plan says the same and changes nothing', async (t) => {
    const [a, b, c] = [await named(t, 'a'), await named(t, 'b'), await named(t, 'c')]
    const { balancer, hear } = await balanced(t, simple([a, b]))
    const next: BalancerSpec = {
      pools: [
        poolOf([], {
          backends: [at(a, { weight: 3, maxConnections: 7 }), at(c, { isDraining: true })],
          strategy: 'least-connections',
          queueMax: 5,
        }),
        poolOf([b], { name: 'other' }),
      ],
      listeners: [
        listenerTo('main', { retriesMax: 1 }),
        listenerTo('other', { name: 'more', mode: 'tcp' }),
      ],
    }
    const lines = [
      '+ pool other',
      `+ backend 127.0.0.1:${c} (pool main)`,
      `- backend 127.0.0.1:${b}, drained (pool main)`,
      `~ backend 127.0.0.1:${a} weight 1→3 (pool main)`,
      `~ backend 127.0.0.1:${a} maxConnections 0→7 (pool main)`,
      '~ pool main strategy round-robin→least-connections',
      '~ pool main queueMax default→5',
      '+ listener more: tcp on 127.0.0.1:0',
      '~ listener web: http on 127.0.0.1:0',
    ]
    const shown = (): string => JSON.stringify(balancer.view()).replace(/"forMs":[\d.]+/g, '')
    const before = shown()
    assert.deepEqual(await balancer.plan(next), lines)
    assert.equal(shown(), before)
    assert.deepEqual(await balancer.apply(next), lines)
    assert.deepEqual(await balancer.apply(next), [])
    assert.equal(balancer.spec, next)
    assert.equal(await hear(), 'a')
    assert.deepEqual([...balancer.listeners.keys()], ['web', 'more'])
    assert.deepEqual(await balancer.plan(simple([a])), [
      '- pool other',
      `- backend 127.0.0.1:${c}, drained (pool main)`,
      `~ backend 127.0.0.1:${a} weight 3→1 (pool main)`,
      `~ backend 127.0.0.1:${a} maxConnections 7→0 (pool main)`,
      '~ pool main strategy least-connections→round-robin',
      '~ pool main queueMax 5→default',
      '- listener more: tcp on 127.0.0.1:0',
      '~ listener web: http on 127.0.0.1:0',
    ])
  })

  it('takes no notice of the order of keys, nor of those without a value', async (t) => {
    const spec = simple([await named(t, 'a')])
    const { balancer } = await balanced(t, spec)
    const turned = <T extends object>(thing: T): T =>
      Object.fromEntries([...Object.entries(thing).reverse(), ['affinity', undefined]]) as T
    const again = { pools: spec.pools.map(turned), listeners: spec.listeners.map(turned) }
    assert.deepEqual(await balancer.apply(again), [])
  })

  it('keeps of what is unchanged counters, response times, ejections and connections', async (t) => {
    const { port: kept, connections } = await scripted(t, (socket) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nkept'),
    )
    const failing = await scripted(t, (socket) =>
      socket.write('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'),
    )
    const { balancer, hear, told } = await balanced(
      t,
      simple([kept, failing.port, await deadPort()]),
    )
    while (told('backend_ejected').length === 0) await hear()
    await until(() => balancer.pools.get('main')!.backends.every(({ active }) => active === 0))
    const viewOf = (): object =>
      balancer
        .view()
        .pools.main!.backends.slice(0, 2)
        .map(({ forMs: _, ...view }) => view)
    const [before, connected] = [JSON.stringify(viewOf()), connections()]
    await balancer.apply(simple([kept, failing.port, await named(t, 'new')], { queueMax: 3 }))
    assert.equal(JSON.stringify(viewOf()), before)
    assert.match(before, /"health":"ejected"/)
    await balancer.apply(simple([kept]))
    assert.equal(await hear(), 'kept')
    assert.equal(await hear(), 'kept')
    assert.equal(connections(), connected, 'the idle connections are used again')
  })

  it('lets tunnels and connections under way go on, also when their pool and listener go', async (t) => {
    const port = await echo(t)
    const tcp = (name: string): BalancerSpec => ({
      pools: [poolOf([port], { name })],
      listeners: [listenerTo(name, { name, mode: 'tcp' })],
    })
    const { addressOf, balancer } = await balanced(t, tcp('old'))
    const client = open(addressOf('old'))
    t.after(() => client.destroy())
    client.write('before')
    assert.equal(await take(client, 6), 'before')
    const pool = balancer.pools.get('old')!
    await balancer.apply(tcp('new'))
    client.write('after')
    assert.equal(await take(client, 5), 'after')
    client.end()
    assert.equal((await drain(client)).ending, 'fin')
    await until(() => pool.backends[0]!.active === 0)
  })

  it('runs one after the other, and each sees what the one before has made', async (t) => {
    const ports = [await named(t, 'a'), await named(t, 'b'), await named(t, 'c')]
    const { balancer } = await balanced(t, simple([]))
    const adding = (port: number) => (running: BalancerSpec) => ({
      ...running,
      pools: running.pools.map((pool) => ({ ...pool, backends: [...pool.backends, at(port)] })),
    })
    const changes = await Promise.all(ports.map((port) => balancer.apply(adding(port))))
    assert.deepEqual(
      changes,
      ports.map((port) => [`+ backend 127.0.0.1:${port} (pool main)`]),
    )
    assert.equal(balancer.pools.get('main')!.backends.length, 3)
  })

  it('is refused from the close on, which waits for one that is under way', async (t) => {
    const { balancer, addressOf } = await balanced(t, simple([await named(t, 'a')]))
    const { port } = addressOf() as { port: number }
    const applied = balancer.apply(simple([await named(t, 'b')]))
    const closed = balancer.close(0)
    const refused = { code: 'CLOSED', message: 'the balancer is closed, or about to be' }
    await assert.rejects(balancer.apply(simple([])), refused)
    await assert.rejects(balancer.plan(simple([])), refused)
    assert.equal((await applied).length, 2)
    assert.equal(await closed, 0)
    await assert.rejects(once(open({ host: '127.0.0.1', port }), 'connect'))
    assert.equal(await balancer.close(0), 0)
  })

  it('that takes a listener away does not make a close wait for its grace', async (t) => {
    const port = await echo(t)
    const spec: BalancerSpec = {
      pools: [poolOf([port])],
      listeners: [listenerTo('main', { mode: 'tcp' })],
    }
    const { addressOf, balancer } = await balanced(t, spec)
    const client = open(addressOf())
    client.write('!')
    await take(client, 1)
    await balancer.apply({ ...spec, listeners: [] })
    assert.equal(await balancer.close(0), 1)
    assert.equal((await drain(client)).ending, 'reset')
  })
})

describe('a listener', { timeout }, () => {
  it('shares its pool with others, and its changes are logged once', async (t) => {
    const port = await named(t, 'a')
    const both = [listenerTo('main'), listenerTo('main', { name: 'too' })]
    const { balancer, hear, told } = await balanced(t, { ...simple([port]), listeners: both })
    assert.deepEqual([await hear(), await hear('too')], ['a', 'a'])
    balancer.pools.get('main')!.drain(`127.0.0.1:${port}`)
    const fields = told('drain_start').map((line) => line.fields)
    assert.equal(fields.length, 1)
    assert.equal(fields[0]!.pool, 'main')
    assert.deepEqual(Object.keys(balancer.view().listeners.web!), [
      'address',
      'mode',
      'connections',
      'http',
    ])
  })

  it('may get another mode, or host, at its port', async (t) => {
    const port = await greeter(t, 'hello')
    const free = await deadPort()
    const on = (host: string, mode: 'http' | 'tcp'): BalancerSpec => ({
      pools: [poolOf([port])],
      listeners: [listenerTo('main', { mode, address: { host, port: free } })],
    })
    const { balancer } = await balanced(t, on('127.0.0.1', 'http'))
    const says = async (): Promise<string> =>
      (await drain(open({ host: '127.0.0.1', port: free }).resume())).text
    for (const host of ['127.0.0.1', '0.0.0.0', '127.0.0.1', '::']) {
      const changes = await balancer.apply(on(host, 'tcp'))
      assert.equal(changes.length, 2, changes.join('\n'))
      assert.equal(await says(), 'hello')
      assert.deepEqual(await balancer.apply(on(host, 'tcp')), [])
    }
  })

  it('takes other routes and options without a new port', async (t) => {
    const [a, b] = [await named(t, 'a'), await named(t, 'b')]
    const pools = [poolOf([a]), poolOf([b], { name: 'other' })]
    const { addressOf, balancer, hear } = await balanced(t, {
      pools,
      listeners: [listenerTo('main')],
    })
    const before = addressOf()
    const to = [{ pool: 'other', weight: 1 }]
    const routes = [{ path: '/b', to }, ...listenerTo('main').routes]
    await balancer.apply({ pools, listeners: [listenerTo('main', { routes })] })
    assert.deepEqual([await hear('web', '/b/c'), await hear()], ['b', 'a'])
    assert.deepEqual(addressOf(), before)
  })
})
