import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { PoolOptions } from '../../src/pool/options.ts'
import { Pool } from '../../src/pool/pool.ts'
import { createAffinity, createProxy, type Proxy, type ProxyOptions } from '../../src/proxy.ts'
import { createStrategy } from '../../src/strategies/index.ts'
import { deadPort } from '../support/backends.ts'
import { open, until } from '../support/proxied.ts'
import { get, hearing, keep, named, nodeBackend, ok, request, say, scripted } from './http-talk.ts'

type Logged = readonly string[]

const specsOf = (ports: readonly number[]): { address: { host: string; port: number } }[] =>
  ports.map((port) => ({ address: { host: '127.0.0.1', port } }))

function poolOf(
  ports: readonly number[],
  options: PoolOptions = {},
  strategy = 'round-robin',
): Pool {
  return new Pool(specsOf(ports), createStrategy(strategy), options)
}

async function proxyOf(
  t: TestContext,
  options: ProxyOptions,
): Promise<{ proxy: Proxy; log: Logged }> {
  const log: string[] = []
  const note = (event: string): void => void log.push(event)
  const proxy = await createProxy({
    ...options,
    log: { debug: note, info: note, warn: note, error: note },
  })
  t.after(() => proxy.close(0))
  return { proxy, log }
}

function connected(t: TestContext, proxy: Proxy): Socket {
  const client = open(proxy.address)
  t.after(() => client.destroy())
  return client
}

const cookieOf = (text: string): string | undefined => /^Set-Cookie: ([^;]*);/m.exec(text)?.[1]

describe('routes of mode http', { concurrency: 4, timeout: 15_000 }, () => {
  it('let one connection use several pools, request by request', async (t) => {
    const [a, b] = [poolOf([await named(t, 'at a')]), poolOf([await named(t, 'at b')])]
    const { proxy } = await proxyOf(t, {
      routes: [
        { path: '/a', to: [{ destination: { pool: a }, weight: 1 }] },
        { path: '/b', to: [{ destination: { pool: b }, weight: 1 }] },
      ],
    })
    const client = connected(t, proxy)
    const targets = ['/a', '/b/x', '/b?x', '/c', '/a/1', '/b']
    client.write(targets.map((target) => keep(get(target))).join('') + get('/a'))
    const text = await hearing(client, /(\r\n\r\n.*){7}at a$/s)
    assert.deepEqual(text.match(/(?<!: )at [ab]|NO_ROUTE/g), [
      'at a',
      'at b',
      'at b',
      'NO_ROUTE',
      'at a',
      'at b',
      'at a',
    ])
    assert.match(text, /HTTP\/1.1 404 Not Found\r\n/)
    await until(() => proxy.view().connections.active === 0)
    assert.deepEqual(
      [a, b].map((pool) => pool.view().backends[0]!.ok),
      [3, 3],
    )
  })

  it('row 49: take a prefix off, and refuse a path that can be read in two ways', async (t) => {
    const port = await nodeBackend(t, ({ url }, response) => response.end(`got ${url}`))
    const destination = { pool: poolOf([port]) }
    const to = [{ destination, weight: 1 }]
    const { proxy } = await proxyOf(t, {
      routes: [{ path: '/api', stripPrefix: true, to }, { to }],
    })
    for (const [target, got] of [
      ['/api/x?y', 'got /x?y'],
      ['/api', 'got /'],
      ['/apis', 'got /apis'],
    ] as const) {
      assert.ok((await say(proxy, get(target))).text.endsWith(got), target)
    }
    const { text } = await say(proxy, keep(get('/x/..%2fapi/y')))
    assert.match(text, / 400 .*Connection: close.*\(REQUEST_FRAMING\)/s)
  })

  it('tell of the trouble of one pool once, however well the others are', async (t) => {
    const good = poolOf([await named(t, 'good')])
    // After the other one, which might be given its port.
    const bad = poolOf([await deadPort()], { failOpen: false })
    const { proxy, log } = await proxyOf(t, {
      routes: [
        { path: '/bad', to: [{ destination: { pool: bad }, weight: 1 }] },
        { to: [{ destination: { pool: good }, weight: 1 }] },
      ],
    })
    for (let nth = 0; nth < 5; nth++) {
      assert.match((await say(proxy, get('/bad'))).text, / 50[23] /)
      assert.match((await say(proxy, get('/'))).text, / 200 /)
    }
    const told = log.filter((event) => event.startsWith('refused'))
    assert.deepEqual(told, ['refused'])
  })
})

describe('affinity of mode http', { concurrency: 4, timeout: 15_000 }, () => {
  /** Three backends, and a proxy whose cookie keeps a client on one of them. */
  async function sticky(
    t: TestContext,
    ports?: readonly number[],
    poolOptions: PoolOptions = {},
  ): Promise<{
    pool: Pool
    proxy: Proxy
    ask: (cookie?: string, method?: string) => Promise<string>
  }> {
    const names = ['one', 'two', 'three']
    const all = ports ?? (await Promise.all(names.map((name) => named(t, name))))
    const pool = poolOf(all, poolOptions)
    const affinity = createAffinity({ kind: 'cookie', name: 'lb', secret: 's' }, pool)
    const { proxy } = await proxyOf(t, { pool, affinity })
    const ask = async (cookie?: string, method = 'GET'): Promise<string> => {
      const fields = cookie === undefined ? [] : [`Cookie: ${cookie}`]
      return (await say(proxy, request(method, '/', ...fields))).text
    }
    return { pool, proxy, ask }
  }

  it('gives each client a cookie, and keeps who sends it', async (t) => {
    const { ask } = await sticky(t)
    const seen = new Set<string>()
    for (let nth = 0; nth < 3; nth++) {
      const first = await ask()
      const cookie = cookieOf(first)
      const name = /\w+$/.exec(first)![0]
      seen.add(name)
      assert.match(first, /^Set-Cookie: lb=.*HttpOnly; SameSite=Lax\r$/m)
      for (let again = 0; again < 3; again++) {
        const text = await ask(`a=b; ${cookie}`)
        assert.ok(text.endsWith(name))
        assert.equal(cookieOf(text), undefined)
      }
    }
    assert.equal(seen.size, 3)
    assert.ok(cookieOf(await ask('lb=made-up-made-up-made-up')))
  })

  it('gives it with answers of every kind, but not with interim ones', async (t) => {
    const { port } = await scripted(t, (socket, text) => {
      if (text.startsWith('PUT')) socket.write('HTTP/1.1 103 Early\r\n\r\n')
      const status = text.startsWith('GET') ? '304 Not Modified' : '200 OK'
      socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nSet-Cookie: own=1\r\n\r\n`)
    })
    const { ask } = await sticky(t, [port])
    for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
      const text = await ask(undefined, method)
      assert.equal(text.match(/^Set-Cookie: lb=/gm)?.length, 1, method)
      assert.match(text, /^Set-Cookie: own=1\r$/m)
      if (method === 'PUT') assert.match(text, /^HTTP\/1.1 103 Early\r\n\r\n/)
    }
  })

  it('gives another cookie when the backend is gone, drains or fails', async (t) => {
    const ends = {
      drained: (pool: Pool, id: string) => pool.drain(id),
      removed: (pool: Pool, id: string) =>
        pool.update(
          specsOf(pool.backends.map(({ id: one }) => Number(one.split(':')[1]))).filter(
            ({ address }) => !id.endsWith(`:${address.port}`),
          ),
        ),
    }
    for (const end of Object.values(ends)) {
      const { ask, pool } = await sticky(t)
      const first = await ask()
      const name = /\w+$/.exec(first)![0]
      const { id } = pool.backends.find(({ ok: served }) => served === 1)!
      end(pool, id)
      const second = await ask(cookieOf(first))
      assert.ok(!second.endsWith(name))
      assert.notEqual(cookieOf(second), cookieOf(first))
      assert.equal(cookieOf(await ask(cookieOf(second))), undefined)
    }
  })

  it('gives another cookie when a try has gone elsewhere', async (t) => {
    const { port } = await scripted(t, (socket, _, nth) => {
      if (nth === 0) socket.end(ok('bad'))
      else socket.resetAndDestroy()
    })
    const { ask } = await sticky(t, [port, await named(t, 'good')])
    const first = await ask()
    assert.match(first, /bad$/)
    const second = await ask(cookieOf(first))
    assert.match(second, /good$/)
    assert.ok(cookieOf(second))
    assert.equal(cookieOf(await ask(cookieOf(second))), undefined)
  })

  it('goes on with a backend that drains, where it is to be honoured', async (t) => {
    const { ask, pool } = await sticky(t, undefined, { drainHonoursAffinity: true })
    const first = await ask()
    const name = /\w+$/.exec(first)![0]
    pool.drain(pool.backends.find(({ ok: served }) => served === 1)!.id)
    assert.ok((await ask(cookieOf(first))).endsWith(name))
    for (let nth = 0; nth < 3; nth++) assert.ok(!(await ask()).endsWith(name))
  })

  it('keeps what has the same key together', async (t) => {
    const ports = await Promise.all(['one', 'two', 'three'].map((name) => named(t, name)))
    const pool = poolOf(ports, {}, 'rendezvous')
    const affinity = createAffinity({ kind: 'header', name: 'X-User' }, pool)
    const { proxy } = await proxyOf(t, { pool, affinity })
    const seen = new Map<string, string>()
    for (let nth = 0; nth < 60; nth++) {
      const user = `u${nth % 20}`
      const { text } = await say(proxy, get('/', `X-User: ${user}`))
      const name = /\w+$/.exec(text)![0]
      assert.equal(seen.get(user) ?? name, name)
      seen.set(user, name)
    }
    assert.equal(new Set(seen.values()).size, 3)
  })
})

describe('settings that change at work', { concurrency: 4, timeout: 15_000 }, () => {
  it('are for new requests: those under way keep theirs', async (t) => {
    const held: Socket[] = []
    const { port } = await scripted(t, (socket) => held.push(socket))
    const [before, after] = [poolOf([port]), poolOf([await named(t, 'new')])]
    const { proxy } = await proxyOf(t, { pool: before, http: { pseudonym: 'old' } })
    const client = connected(t, proxy)
    client.write(keep(get()))
    await until(() => held.length === 1)
    const half = connected(t, proxy)
    half.write(`${keep(get())}GET / HTTP/1.1\r\nHost: h\r\nX-Long: `)
    await until(() => held.length === 2)
    held[1]!.write(ok('first'))
    // With this answer the next head is begun: its bytes had come with the request.
    await hearing(half, /first$/)
    proxy.update({ pool: after, http: { headLimitBytes: 200, pseudonym: 'other' } })
    held[0]!.write(ok('old'))
    assert.match(await hearing(client, /old$/), / 200 /)
    client.write(keep(get()))
    assert.match(await hearing(client, /new$/), / 200 /)
    client.write(keep(get('/', `X: ${'x'.repeat(300)}`)))
    await hearing(client, / 431 /)
    half.write(`${'x'.repeat(300)}\r\n\r\n`)
    await until(() => held.length === 3)
    held[2]!.write(ok('also old'))
    assert.match(await hearing(half, /also old$/), / 200 /)
  })

  it('let go of connections to pools that are used no more', async (t) => {
    const { port, connections } = await scripted(t, (socket) => socket.write(ok('a')))
    const [before, after] = [poolOf([port]), poolOf([await named(t, 'b')])]
    const { proxy } = await proxyOf(t, { pool: before })
    const client = connected(t, proxy)
    client.write(keep(get()))
    await hearing(client, /a$/)
    assert.equal(proxy.view().http!.idleConnections, 1)
    proxy.update({ pool: before, http: { forwarded: true } })
    client.write(keep(get()))
    await hearing(client, /a$/)
    assert.equal(connections(), 1, 'of those that stay they are kept')
    proxy.update({ pool: after })
    assert.equal(proxy.view().http!.idleConnections, 0)
    // Nobody listens there any more, and here one does.
    client.write(keep(get()))
    await hearing(client, /b$/)
    after.drain(after.backends[0]!.id)
    assert.equal(proxy.view().http!.idleConnections, 0)
  })
})
