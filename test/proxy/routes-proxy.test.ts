import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { formatAddress } from '../../src/base/address.ts'
import { createProxy, type Proxy, type ProxySettings, type Route } from '../../src/proxy.ts'
import { curl } from '../support/command.ts'
import { open } from '../support/proxied.ts'
import { poolOf } from './asked.ts'
import { get, hearing, keep, named, nodeBackend, say } from './http-talk.ts'

async function proxyOf(t: TestContext, settings: ProxySettings): Promise<Proxy> {
  const proxy = await createProxy(settings)
  t.after(() => proxy.close(0))
  return proxy
}

/** A route to a backend that answers with its name. */
async function to(t: TestContext, name: string): Promise<Pick<Route, 'to'>> {
  return { to: [{ destination: { pool: poolOf(await named(t, name)) }, weight: 1 }] }
}

/** Who answers. */
async function heard(proxy: Proxy, target: string, ...fields: string[]): Promise<string> {
  const { text } = await say(proxy, get(target, ...fields))
  return /\r\n\r\n(.*)$/s.exec(text)![1]!
}

describe('a proxy with routes', { concurrency: 4, timeout: 20_000 }, () => {
  it('sends each request where its host, path and headers lead', async (t) => {
    const proxy = await proxyOf(t, {
      routes: [
        { hosts: ['h'], headers: { 'X-Canary': 'yes' }, ...(await to(t, 'canary')) },
        { hosts: ['*.example.org'], path: '/api', ...(await to(t, 'api')) },
        { hosts: ['example.org', '*.example.org'], ...(await to(t, 'site')) },
        { path: '/api', ...(await to(t, 'any api')) },
      ],
    })
    assert.match(await heard(proxy, '/'), /NO_ROUTE/)
    assert.equal(await heard(proxy, '/', 'X-Canary: yes'), 'canary')
    assert.equal(await heard(proxy, '/api'), 'any api')
    const url = `http://${formatAddress(proxy.address)}`
    const asked = (target: string): Promise<string> =>
      curl('--path-as-is', '-H', 'Host: www.Example.org:81', `${url}${target}`)
    assert.equal(await asked('/api/x?y'), 'api')
    assert.equal(await asked('/apis'), 'site')
    assert.match(await asked('/api/../x'), /REQUEST_FRAMING/)
  })

  it('tells the backend of the prefix it took off, and drops what a client makes up', async (t) => {
    const port = await nodeBackend(t, ({ headers, url }, response) =>
      response.end(`${url} ${headers['x-forwarded-prefix']}`),
    )
    const routes = [
      { path: '/a/b', stripPrefix: true, to: [{ destination: { pool: poolOf(port) }, weight: 1 }] },
    ]
    const proxy = await proxyOf(t, { routes })
    const made = 'X-Forwarded-Prefix: /evil'
    assert.equal(await heard(proxy, '/a/b/c?d', made), '/c?d /a/b')
    assert.equal(await heard(proxy, '/a/b', made), '/ /a/b')
    assert.equal(await heard(proxy, 'http://h/a/b/c', made), '/c /a/b')
    proxy.update({ routes, http: { trust: ['127.0.0.1'] } })
    assert.equal(await heard(proxy, '/a/b/c', made), '/c /evil, /a/b')
  })

  it('shares requests between pools by weight, and changes that at work', async (t) => {
    const [a, b] = [poolOf(await named(t, 'a')), poolOf(await named(t, 'b'))]
    const routes = (weightA: number, weightB: number): Route[] => [
      {
        to: [
          { destination: { pool: a }, weight: weightA },
          { destination: { pool: b }, weight: weightB },
        ],
      },
    ]
    const proxy = await proxyOf(t, { routes: routes(3, 1) })
    const share = async (): Promise<string> => {
      let all = ''
      for (let i = 0; i < 8; i++) all += await heard(proxy, '/')
      return [...all].sort().join('')
    }
    assert.equal(await share(), 'aaaaaabb')
    proxy.update({ routes: routes(0, 1) })
    assert.equal(await share(), 'bbbbbbbb')
    assert.deepEqual(
      proxy.view().pools.map(({ backends }) => backends[0]!.ok),
      [6, 10],
    )
  })

  it('changes routes under load without losing a request, or a WebSocket', async (t) => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const sockets = new WebSocketServer({ server })
    t.after(() => {
      for (const socket of sockets.clients) socket.terminate()
      sockets.close()
      server.close()
    })
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)))
    const talk = poolOf((server.address() as AddressInfo).port)
    const pools = [poolOf(await named(t, 'a')), poolOf(await named(t, 'b'))]
    const routes = (turn: number): Route[] => [
      ...(turn === 0 ? [{ path: '/talk', to: [{ destination: { pool: talk }, weight: 1 }] }] : []),
      { to: [{ destination: { pool: pools[turn % 2]! }, weight: 1 }] },
    ]
    const proxy = await proxyOf(t, { routes: routes(0) })
    const socket = new WebSocket(`ws://${formatAddress(proxy.address)}/talk`)
    await once(socket, 'open')
    let served = 0
    const clients = Array.from({ length: 8 }, async () => {
      const client = open(proxy.address)
      for (let i = 0; i < 50; i++) {
        client.write(keep(get('/')))
        assert.match(await hearing(client, /(a|b)$/), /^HTTP\/1.1 200 /)
        served++
      }
      client.destroy()
    })
    const all = Promise.all(clients)
    for (let turn = 1; turn <= 50; turn++) {
      proxy.update({ routes: routes(turn) })
      socket.send(`turn ${turn}`)
      const [data] = await once(socket, 'message')
      assert.equal(String(data), `turn ${turn}`)
    }
    await all
    assert.equal(served, 400)
    assert.equal(talk.view().backends[0]!.active, 1)
    socket.close()
    await once(socket, 'close')
  })
})
