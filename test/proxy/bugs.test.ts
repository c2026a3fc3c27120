import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { httpDefaults } from '../../src/proxy/http-options.ts'
import { backend, blackHole, deadPort } from '../support/backends.ts'
import { drain, open, until } from '../support/proxied.ts'
import {
  fronted,
  get,
  hearing,
  keep,
  ledger,
  named,
  nodeBackend,
  ok,
  request,
  type Script,
  say,
  scripted,
  settled,
} from './http-talk.ts'

/** One test for each of the 25 bugs that users of proxies of Node keep reporting; "there" is http-proxy 1.18. */
describe('bugs of Node proxies: connections', { concurrency: 4, timeout: 10_000 }, () => {
  // There: an error of either socket that nobody listens for ends the process.
  it('bug 01: a reset on either side does not end the process', async (t) => {
    const resets: Script[] = [
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.write(half, () => socket.resetAndDestroy()),
      (socket) => socket.write(ok('x'), () => socket.resetAndDestroy()),
    ]
    for (const reset of resets) {
      const { port } = await scripted(t, reset)
      const { proxy } = await fronted(t, [port])
      const client = open(proxy.address)
      client.write(get())
      await drain(client)
      client.resetAndDestroy()
      const leaver = open(proxy.address)
      leaver.write(get())
      await once(leaver, 'connect')
      leaver.resetAndDestroy()
      await settled(proxy)
      await until(() => proxy.view().http!.idleConnections === 0)
    }
  })

  // There: `aborted` is not emitted any more, and the request to the backend goes on for ever.
  it('bug 02: a client that leaves takes its request to the backend along', async (t) => {
    let asked = 0
    let gone = 0
    const { port } = await scripted(t, (socket) => {
      asked++
      socket.once('end', () => gone++)
    })
    const { proxy, told } = await fronted(t, [port])
    for (const leave of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const client = open(proxy.address)
      client.write(get())
      const before = asked
      await until(() => asked > before)
      client[leave]()
      await settled(proxy)
    }
    await until(() => gone === 3)
    assert.deepEqual(ledger(proxy), { active: 0, ok: 0, failed: 0, aborted: 3 })
    assert.equal(proxy.view().http!.aborted, 3)
    assert.equal(told('client_gone').length, 3)
  })

  // There: without an agent each request makes a connection, and `Connection: close` is copied to the client.
  it('bug 03: connections to backends are used again, and are not the client’s', async (t) => {
    const { port, connections } = await scripted(t, (socket, _head, nth) => {
      if (nth < 9) socket.write(ok('a'))
      else socket.end(ok('b', 'Connection: close'))
    })
    const { proxy } = await fronted(t, [port])
    const client = open(proxy.address)
    for (let nth = 0; nth < 10; nth++) {
      client.write(keep(get()))
      assert.doesNotMatch(await hearing(client, /[ab]$/), /close/i)
    }
    assert.equal(connections(), 1)
    client.write(get())
    assert.match((await drain(client)).text, /b$/)
    assert.equal(connections(), 2)
  })

  // There: a connection that the backend has given up is used all the same: ECONNRESET, 500.
  it('bug 04: a reused connection that has just ended costs no request', async (t) => {
    const sockets: Socket[] = []
    const { port } = await scripted(t, (socket, head) => {
      const isNew = !sockets.includes(socket)
      if (isNew) sockets.push(socket)
      // The second request on a connection meets its end.
      if (!isNew && head.includes('/again')) socket.resetAndDestroy()
      else socket.write(ok('x'))
    })
    const { proxy } = await fronted(t, [port])
    await say(proxy, get('/first'))
    assert.match((await say(proxy, get('/again'))).text, /^HTTP\/1.1 200 /)
    assert.deepEqual(await settled(proxy), { active: 0, ok: 2, failed: 0, aborted: 1 })
    // An end while idle is seen at once.
    assert.equal(proxy.view().http!.idleConnections, 1)
    sockets[1]!.end()
    await until(() => proxy.view().http!.idleConnections === 0)
    assert.ok(httpDefaults.keepAliveTimeoutMs >= 65_000)
  })

  // There: whatever went wrong, the user's error handler has one message to guess from.
  it('bug 08: 502, 503 and 504 are told apart, and nothing is appended to a begun answer', async (t) => {
    const { port } = await scripted(t, (socket, got) => {
      if (got.includes('/reset')) socket.resetAndDestroy()
      else if (got.includes('/garbage')) socket.write('\x16\x03\x01 not HTTP')
    })
    const codeOf = async (ports: readonly number[], head: string): Promise<string> => {
      const http = { responseTimeoutMs: 100, bodyTimeoutMs: 100, headTimeoutMs: 100 }
      const { proxy } = await fronted(t, ports, { http, connectTimeoutMs: 100 })
      const { text } = await say(proxy, head)
      return `${/ (\d+)/.exec(text)?.[1]} ${/\(([A-Z_]+)\)\n$/.exec(text)?.[1]}`
    }
    const [dead, hole] = [await deadPort(), await blackHole(t)]
    const post = request('POST', '/', 'Content-Length: 5')
    const told = await Promise.all([
      codeOf([dead], get()),
      codeOf([port], request('POST', '/reset')),
      codeOf([port], get('/garbage')),
      codeOf([hole], get()),
      codeOf([port], get('/silence')),
      codeOf([], get()),
      codeOf([port], post),
      codeOf([port], 'GET / HTTP/1.1\r\nHo'),
    ])
    assert.deepEqual(told, [
      '502 BACKEND_CONNECT',
      '502 BACKEND_RESET',
      '502 BACKEND_FRAMING',
      '504 BACKEND_CONNECT_TIMEOUT',
      '504 BACKEND_TIMEOUT',
      '503 NO_BACKEND',
      '408 REQUEST_TIMEOUT',
      '408 REQUEST_TIMEOUT',
    ])
    const broken = await scripted(t, (socket) => {
      socket.write(half, () => socket.resetAndDestroy())
    })
    const { proxy } = await fronted(t, [broken.port])
    assert.match((await say(proxy, get('/half'))).text, /\r\n\r\n123$/)
    await until(() => ledger(proxy).failed === 1)
  })

  // There: the client's connection is reset while it still sends, and the answer is lost.
  it('bug 09: an answer before the end of an upload reaches the client', async (t) => {
    const port = await backend(t, (socket) => {
      socket.once('data', () =>
        socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig'),
      )
    })
    const { proxy } = await fronted(t, [port])
    const client = open(proxy.address)
    client.write(request('POST', '/', 'Content-Length: 1000000000'))
    client.write(Buffer.alloc(200_000))
    const heard = await hearing(client, /big$/)
    assert.match(heard, /^HTTP\/1.1 413 [\s\S]*Connection: close/i)
    client.write(Buffer.alloc(100_000))
    await drain(client)
    client.destroy()
    assert.deepEqual(await settled(proxy), { active: 0, ok: 1, failed: 0, aborted: 0 })
    assert.equal(proxy.view().http!.idleConnections, 0)
  })

  // There: an upstream that breaks off leaves the client with an open connection, or a clean end.
  it('bug 19: events flow at once, and a broken stream is seen to be broken', async (t) => {
    const streams: Socket[] = []
    const { port } = await scripted(t, (socket) => {
      streams.push(socket)
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n')
      socket.write('Transfer-Encoding: chunked\r\n\r\n')
    })
    const { proxy } = await fronted(t, [port])
    const client = open(proxy.address)
    client.write(get())
    await hearing(client, /\r\n\r\n$/)
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      streams[0]!.write(`9\r\n${event}\r\n`)
      assert.equal(await hearing(client, /\n\n\r\n$/), `9\r\n${event}\r\n`)
    }
    streams[0]!.destroy()
    assert.deepEqual(await drain(client), { text: '', bytes: 0, ending: 'reset' })
    assert.equal((await settled(proxy)).failed, 1)
  })

  // There: the server in front has a limit for the whole request, 5 minutes by default.
  it('bug 20: a body may take any time as long as it moves', async (t) => {
    const port = await nodeBackend(t, (incoming, response) => void incoming.pipe(response))
    const http = { headTimeoutMs: 100, bodyTimeoutMs: 600, responseTimeoutMs: 100 }
    const { proxy } = await fronted(t, [port], { http })
    const client = open(proxy.address)
    client.write(request('POST', '/', 'Content-Length: 5'))
    for (let sent = 0; sent < 5; sent++) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      client.write('x')
    }
    assert.match((await drain(client)).text, /^HTTP\/1.1 200 [\s\S]*x[\s\S]*$/)
  })

  // There: there is one target.
  it('bug 21: a dead backend gets no traffic and costs no request', async (t) => {
    const ports = [await named(t, 'a'), await deadPort(), await named(t, 'b')]
    const { proxy } = await fronted(t, ports)
    const client = open(proxy.address)
    const heard: string[] = []
    for (let nth = 0; nth < 6; nth++) {
      client.write(keep(get()))
      heard.push((await hearing(client, /\r\n\r\n\w$/)).slice(-1))
    }
    client.destroy()
    assert.equal(heard.filter((name) => name === 'a').length, 3)
    assert.equal(heard.filter((name) => name === 'b').length, 3)
    assert.equal(proxy.view().pool.backends[1]!.leases, 1)
  })

  // There: `error` comes with the system's error alone.
  it('bug 23: a failure is told with its code, its backend and its tries', async (t) => {
    const { port } = await scripted(t, (socket) => void socket.resetAndDestroy())
    const { proxy, told } = await fronted(t, [port])
    await say(proxy, request('POST', '/'))
    const [line] = told('request_failed')
    assert.equal(line?.level, 'warn')
    assert.match(line.sentence, /ECONNRESET/)
    const { code, backend: id, retries } = line.fields
    assert.deepEqual(
      { code, id, retries },
      { code: 'BACKEND_RESET', id: `127.0.0.1:${port}`, retries: 0 },
    )
  })

  // There: nothing.
  it('bug 24: closing waits for what is under way, and says so to the client', async (t) => {
    const waiting: Socket[] = []
    const { port } = await scripted(t, (socket) => void waiting.push(socket))
    const { proxy } = await fronted(t, [port])
    const [busy, idle] = [open(proxy.address), open(proxy.address)]
    busy.write(keep(get()))
    await until(() => waiting.length === 1 && proxy.view().connections.active === 2)
    const closed = proxy.close()
    await once(idle.resume(), 'end')
    waiting[0]!.write(ok('done'))
    const { text, ending } = await drain(busy)
    assert.match(text, /^HTTP\/1.1 200 [\s\S]*Connection: close[\s\S]*done$/i)
    assert.equal(ending, 'fin')
    assert.equal(await closed, 0)
    idle.destroy()
  })

  // There: the last release is of 2020, and it needs three packages.
  it('bug 25: the proxy of the library needs no package but one, of one function', () => {
    const seen = new Set<string>()
    const packages = new Set<string>()
    const visit = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(/ from '([^']+)'/g)) {
        if (name.startsWith('.')) visit(join(dirname(file), name))
        else if (!name.startsWith('node:')) packages.add(name)
      }
    }
    visit(fileURLToPath(new URL('../../src/proxy.ts', import.meta.url)))
    assert.ok(packages.size <= 1, [...packages].join())
    assert.ok(seen.size > 40, `only ${seen.size} files`)
  })
})

/** An answer of which more is to come. */
const half = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123'
