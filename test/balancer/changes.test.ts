import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { named, nodeBackend } from '../proxy/http-talk.ts'
import { blackHole, deadPort } from '../support/backends.ts'
import { drain, open, until } from '../support/proxied.ts'
import { at, type Balanced, balanced, listenerTo, poolOf, simple } from './balanced.ts'

const timeout = 30_000
const fast = { intervalMs: 20 } as const

/** A file in a folder of its own, for the time of the test. */
function fileOf(t: TestContext, text?: string, name = 'servers.txt'): string {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, name)
  if (text !== undefined) writeFileSync(path, text)
  return path
}

const healthOf = ({ balancer }: Balanced, nth = 0): string =>
  balancer.view().pools.main!.backends[nth]!.health

describe('health', { timeout }, () => {
  it('is asked for before the first client is accepted', async (t) => {
    const ports = [await deadPort(), await named(t, 'b')]
    const running = await balanced(t, simple(ports, { health: { kind: 'tcp' } }))
    assert.deepEqual([healthOf(running), healthOf(running, 1)], ['down', 'up'])
    assert.equal(running.told('backend_down').length, 1)
  })

  it('is waited for no longer than 3 s, and then all may take work', async (t) => {
    const health = { kind: 'tcp', timeoutMs: 60_000 } as const
    const startMs = performance.now()
    const { hear, told, addressOf } = await balanced(t, simple([await blackHole(t)], { health }))
    assert.ok(performance.now() - startMs >= 2_900)
    assert.equal(told('health_slow').length, 1)
    assert.match(told('health_slow')[0]!.sentence, /1 of 1 backends have not ended/)
    void hear().catch(() => {})
    assert.ok('port' in addressOf())
  })

  it('may be asked for in another way, or not, or again, and nobody is refused', async (t) => {
    const paths: string[] = []
    const port = await nodeBackend(t, ({ url = '' }, response) => {
      paths.push(url)
      response.end('a')
    })
    const { balancer, hear, told } = await balanced(t, simple([port], { failOpen: false }))
    const healths = [
      { kind: 'http', path: '/well', ...fast },
      'off',
      { kind: 'tcp', ...fast },
      { kind: 'http', path: '/other', ...fast },
    ] as const
    for (const health of healths) {
      await balancer.apply(simple([port], { failOpen: false, health }))
      assert.equal(await hear(), 'a')
    }
    await until(() => paths.includes('/other'))
    const asked = paths.filter((path) => path === '/well').length
    const others = (): number => paths.filter((path) => path === '/other').length
    await until(() => others() > 5)
    assert.equal(paths.filter((path) => path === '/well').length, asked)
    assert.deepEqual(told('backend_down', 'fail_open', 'refused'), [])
    await balancer.apply(simple([port]))
    assert.equal(await hear(), 'a')
  })

  it('takes a new interval at once', async (t) => {
    let probes = 0
    const port = await nodeBackend(t, (_, response) => {
      probes++
      response.end()
    })
    const slow = { kind: 'http', intervalMs: 3_600_000 } as const
    const { balancer } = await balanced(t, simple([port], { health: slow }))
    await balancer.apply(simple([port], { health: { ...slow, ...fast } }))
    await until(() => probes > 5)
  })
})

describe('affinity, strategy and limits', { timeout }, () => {
  const cookieOf = async (running: Balanced, cookie = ''): Promise<string[]> => {
    const client = open(running.addressOf())
    client.write(`GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${cookie}\r\n`)
    const { text } = await drain(client)
    client.destroy()
    return [/Set-Cookie: (c=[^;]+)/.exec(text)?.[1] ?? '', text.slice(-1)]
  }

  it('keep a random secret for as long as they are the same', async (t) => {
    const ports = await Promise.all(['a', 'b', 'c', 'd'].map((name) => named(t, name)))
    const affinity = { kind: 'cookie', name: 'c' } as const
    const running = await balanced(t, simple(ports, { affinity }))
    const [cookie, name] = await cookieOf(running)
    const [, , ...others] = ports
    await running.balancer.apply(
      simple([...others.slice(0, 1), ...ports.slice(0, 2)], {
        affinity: { ...affinity },
        queueMax: 1,
      }),
    )
    for (let nth = 0; nth < 5; nth++) {
      assert.deepEqual(await cookieOf(running, `Cookie: ${cookie}\r\n`), ['', name])
    }
    const secret = 'known only to some'
    const [told] = await running.balancer
      .apply(simple(ports, { affinity: { ...affinity, secret }, queueMax: 1 }))
      .then((lines) => lines.filter((line) => line.includes('affinity')))
    assert.match(told!, /^~ pool main affinity \{"kind":"cookie","name":"c"\}→\{.*"secret":"…"\}$/)
    assert.notEqual((await cookieOf(running, `Cookie: ${cookie}\r\n`))[0], '')
  })

  it('may be others from one request to the next', async (t) => {
    const ports = await Promise.all(['a', 'b'].map((name) => named(t, name)))
    const { balancer, hear } = await balanced(t, simple(ports))
    assert.deepEqual([await hear(), await hear()], ['a', 'b'])
    await balancer.apply(simple(ports, { strategy: 'n-to-1' }))
    assert.deepEqual([await hear(), await hear()], ['a', 'a'])
    await balancer.apply(simple(ports, { affinity: { kind: 'url' } }))
    const first = await hear('web', '/x')
    for (let nth = 0; nth < 4; nth++) assert.equal(await hear('web', '/x'), first)
    await balancer.apply(simple(ports, { maxConnections: 4 }))
    assert.equal(balancer.view().pools.main!.backends[0]!.maxConnections, 4)
  })

  it('of a file are read again when it has changed, and only then', async (t) => {
    const ports = await Promise.all(['a', 'b'].map((name) => named(t, name)))
    const text = (nth: number): string =>
      `let made = 0; export default () => ({ name: 'nth' + ++made, pick: (all) => all[${nth}] })`
    const strategy = fileOf(t, text(0), 'mine.mjs')
    const { balancer, hear } = await balanced(t, simple(ports, { strategy }))
    assert.equal(await hear(), 'a')
    assert.deepEqual(await balancer.apply(simple(ports, { strategy })), [])
    assert.equal(balancer.pools.get('main')!.strategy.name, 'nth1')
    writeFileSync(strategy, `${text(1)}\n`)
    const lines = [`~ pool main strategy ${strategy}, changed`]
    assert.deepEqual(await balancer.plan(simple(ports, { strategy })), lines)
    assert.equal(await hear(), 'a')
    assert.deepEqual(await balancer.apply(simple(ports, { strategy })), lines)
    assert.equal(await hear(), 'b')
    rmSync(strategy)
    await assert.rejects(balancer.apply(simple(ports, { strategy })), { code: 'STRATEGY_FILE' })
    assert.equal(await hear(), 'b')
  })
})

describe('a pool that goes', { timeout }, () => {
  it('finishes the requests under way and those that wait in line', async (t) => {
    let answer = (): void => {}
    let count = 0
    const server = createServer((_, response) => {
      count++
      answer = () => response.end('old')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close().closeAllConnections())
    const { port } = server.address() as AddressInfo
    const { balancer, hear } = await balanced(t, simple([port], { maxConnections: 1 }))
    const pool = balancer.pools.get('main')!
    const answers = [hear(), hear()]
    await until(() => count === 1 && pool.queued === 1)
    await balancer.apply({
      pools: [poolOf([await named(t, 'new')], { name: 'other' })],
      listeners: [listenerTo('other')],
    })
    assert.equal(await hear(), 'new')
    answer()
    await until(() => count === 2)
    answer()
    assert.deepEqual(await Promise.all(answers), ['old', 'old'])
    assert.deepEqual([...balancer.pools.keys()], ['other'])
  })
})

describe('sources', { timeout }, () => {
  it('add up with those named; the first counts, and a second is told once', async (t) => {
    const [a, b] = [await named(t, 'a'), await named(t, 'b')]
    const path = fileOf(t, `127.0.0.1:${a} weight=9\n127.0.0.1:${b}\n`)
    const more = { sources: [{ kind: 'file', path }] } as const
    const { balancer, told } = await balanced(t, simple([a], more))
    const weights = (): number[] =>
      balancer.pools.get('main')!.backends.map(({ fullWeight }) => fullWeight)
    assert.deepEqual(weights(), [1, 1])
    await balancer.apply(simple([a], { ...more, queueMax: 1 }))
    assert.deepEqual(
      told('backend_double').map(({ sentence }) => sentence),
      [`backend 127.0.0.1:${a} of file ${path} is also one of those named: that one counts`],
    )
    assert.deepEqual(await balancer.apply(simple([], { ...more, queueMax: 1 })), [
      `~ backend 127.0.0.1:${a} weight 1→9 (pool main)`,
    ])
    writeFileSync(path, `127.0.0.1:${b} weight=3\n`)
    await until(() => String(weights()) === '3')
  })

  it('come and go, and those that stay keep what they have found', async (t) => {
    const [a, b] = [await named(t, 'a'), await named(t, 'b')]
    const [first, second] = [fileOf(t, `127.0.0.1:${a}\n`), fileOf(t, `127.0.0.1:${b}\n`)]
    const from = (...paths: string[]) =>
      simple([], { sources: paths.map((path) => ({ kind: 'file', path }) as const) })
    const { balancer, hear, told } = await balanced(t, from(first))
    assert.deepEqual(await balancer.apply(from(first, second, second)), [
      `+ backend 127.0.0.1:${b} (pool main)`,
      `+ source file ${second} (pool main)`,
    ])
    // Fail static: what is gone takes nothing away, not even over a reload.
    rmSync(first)
    await until(() => told('discovery_failed').length > 0)
    assert.deepEqual((await balancer.apply(from(first))).slice(0, 1), [
      `- backend 127.0.0.1:${b}, drained (pool main)`,
    ])
    assert.equal(await hear(), 'a')
    writeFileSync(second, '127.0.0.1:1\n')
    await balancer.apply(from(first))
    assert.equal(await hear(), 'a')
  })

  it('that tell of none cannot empty a pool', async (t) => {
    const path = fileOf(t, `127.0.0.1:${await named(t, 'a')}\n`)
    const from = (file: string) => simple([], { sources: [{ kind: 'file', path: file }] })
    const { balancer, hear } = await balanced(t, from(path))
    const message = "pool 'main' would lose all backends: its new sources tell of none"
    await assert.rejects(balancer.apply(from(`${path}.no`)), { code: 'DISCOVERY', message })
    assert.equal(await hear(), 'a')
  })

  it('may have nothing at first', async (t) => {
    const path = fileOf(t)
    const { hear, balancer, told } = await balanced(
      t,
      simple([], { sources: [{ kind: 'file', path }] }),
    )
    assert.equal(told('discovery_failed').length, 1)
    writeFileSync(path, `127.0.0.1:${await named(t, 'late')}\n`)
    await until(() => balancer.pools.get('main')!.available > 0)
    assert.equal(await hear(), 'late')
  })

  it('refuse a backend that is named twice', async (t) => {
    const { balancer } = await balanced(t, simple([1]))
    const twice = simple([], { backends: [at(1), at(1)] })
    const message = 'backend 127.0.0.1:1 is named twice'
    await assert.rejects(balancer.apply(twice), { code: 'ADDRESS', message })
  })
})
