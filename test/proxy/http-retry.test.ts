import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { backend, blackHole, deadPort } from '../support/backends.ts'
import { drain, open, until } from '../support/proxied.ts'
import {
  fronted,
  get,
  hearing,
  keep,
  ledger,
  named,
  ok,
  request,
  say,
  scripted,
  settled,
} from './http-talk.ts'

const switching = 'HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: toy\r\n\r\n'
const statusOf = (text: string): string => text.slice(9, 12)

/** A backend that breaks the connection off when it has `count` bytes of a request. */
function breaker(t: TestContext, count = 1): Promise<number> {
  return backend(t, (socket) => {
    let got = 0
    socket.on('data', (piece) => {
      got += piece.length
      if (got >= count) socket.resetAndDestroy()
    })
  })
}

/** A backend that answers with all it got, once that ends with `last`. */
function mirror(t: TestContext, last: string): Promise<number> {
  return backend(t, (socket) => {
    const pieces: Buffer[] = []
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece)
      const got = Buffer.concat(pieces)
      if (!got.subarray(-last.length).equals(Buffer.from(last, 'latin1'))) return
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${got.length}\r\n\r\n`)
      socket.write(got)
    })
  })
}

/** The bytes as one chunk. */
function chunk(data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')])
}

async function bytesOf(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of socket) pieces.push(piece)
  return Buffer.concat(pieces)
}

describe('retries', { concurrency: 4, timeout: 15_000 }, () => {
  it('tries any method elsewhere when the backend cannot be connected to', async (t) => {
    const good = await named(t, 'good')
    for (const bad of [await deadPort(), await blackHole(t)]) {
      for (const method of ['GET', 'POST', 'PATCH', 'DELETE']) {
        const { proxy } = await fronted(t, [bad, good], { connectTimeoutMs: 50 })
        const head = request(method, '/', 'Content-Length: 4')
        assert.match((await say(proxy, `${head}body`)).text, / 200 [\s\S]*good$/)
        assert.deepEqual(await settled(proxy), { active: 0, ok: 1, failed: 1, aborted: 0 })
        assert.equal(proxy.view().http!.retries, 1)
      }
    }
  })

  it('repeats what broke before its answer if that is safe, and else says 502', async (t) => {
    const good = await named(t, 'good')
    const cases = {
      GET: 200,
      HEAD: 200,
      PUT: 200,
      DELETE: 200,
      OPTIONS: 200,
      POST: 502,
      PATCH: 502,
    }
    for (const [method, status] of Object.entries(cases)) {
      const { proxy } = await fronted(t, [await breaker(t), good])
      const { text } = await say(proxy, request(method, '/'))
      assert.equal(statusOf(text), String(status), method)
      if (status === 502) assert.match(text, /BACKEND_RESET/)
      await settled(proxy)
      assert.equal(proxy.view().http!.retries, status === 200 ? 1 : 0)
    }
  })

  it('repeats a body byte by byte, up to 64 KiB', async (t) => {
    const body = randomBytes(65_000)
    body.write('last', body.length - 4)
    const pieces = [body.subarray(0, 1), body.subarray(1, 30_000), body.subarray(30_000)]
    const chunks = Buffer.concat([...pieces.map(chunk), Buffer.from('0\r\nX-Sum: 1\r\n\r\n')])
    const framings = [
      { field: 'Content-Length: 65000', sent: body, last: 'last' },
      { field: 'Transfer-Encoding: chunked', sent: chunks, last: '0\r\nX-Sum: 1\r\n\r\n' },
    ]
    for (const { field, sent, last } of framings) {
      const { proxy } = await fronted(t, [await breaker(t, 65_100), await mirror(t, last)])
      const client = open(proxy.address)
      const answer = bytesOf(client)
      client.write(request('PUT', '/', field))
      client.write(sent)
      assert.ok((await answer).subarray(-sent.length).equals(sent), field)
      assert.equal((await settled(proxy)).failed, 1)
    }
  })

  it('repeats the start of a body and goes on with the rest', async (t) => {
    let broken = 0
    const bad = await backend(t, (socket) => {
      socket.once('data', () => {
        broken++
        socket.resetAndDestroy()
      })
    })
    for (const [field, start, rest] of [
      ['Content-Length: 10', 'hello', 'world'],
      ['Transfer-Encoding: chunked', 'A\r\nhel', 'loworld\r\n0\r\n\r\n'],
    ] as const) {
      const { proxy } = await fronted(t, [bad, await mirror(t, rest)])
      const before = broken
      const client = open(proxy.address)
      client.write(request('PUT', '/', field) + start)
      await until(() => broken > before && ledger(proxy).failed === 1)
      client.write(rest)
      assert.ok((await drain(client)).text.endsWith(start + rest))
    }
  })

  it('does not repeat a longer body', async (t) => {
    const { proxy } = await fronted(t, [await breaker(t, 65_600), await named(t, 'good')])
    const { text } = await say(
      proxy,
      request('PUT', '/', 'Content-Length: 70000') + 'x'.repeat(70_000),
    )
    assert.equal(statusOf(text), '502')
  })

  it('reads on when the start of a body came before there was a connection', async (t) => {
    const { proxy } = await fronted(t, [await mirror(t, 'world')])
    const client = open(proxy.address)
    client.write(`${keep(request('POST', '/', 'Content-Length: 10'))}hello`)
    // The head and the start are with the backend: only then the rest.
    await until(() => proxy.view().pool.backends[0]!.sentBytes > 5)
    client.write('world')
    await hearing(client, /helloworld$/)
    client.destroy()
  })

  it('tries three backends, and tells what the last one did', async (t) => {
    const ports = [await breaker(t), await deadPort(), await breaker(t), await named(t, 'never')]
    const { proxy, told } = await fronted(t, ports)
    const { text } = await say(proxy, get())
    assert.match(text, / 502 [\s\S]*BACKEND_RESET/)
    assert.equal((await settled(proxy)).failed, 3)
    assert.equal(told('request_failed').length, 1)
    const { backend: id, retries } = told('request_failed')[0]!.fields
    assert.deepEqual({ id, retries }, { id: `127.0.0.1:${ports[2]}`, retries: 2 })
  })

  it('tells what the last backend did, not that there is no other', async (t) => {
    const { proxy, told } = await fronted(t, [await breaker(t), await deadPort()])
    assert.match((await say(proxy, get())).text, / 502 [\s\S]*BACKEND_CONNECT\)/)
    assert.equal(proxy.view().http!.retries, 1)
    assert.equal(told('refused').length, 0)
  })

  it('says 503 while no backend is left, and tells the log once, with a count at the end', async (t) => {
    const port = await deadPort()
    const { proxy, told } = await fronted(t, [port], { poolOptions: { failOpen: false } })
    assert.equal(statusOf((await say(proxy, get())).text), '502')
    for (let nth = 0; nth < 3; nth++) {
      const { text } = await say(proxy, get())
      assert.match(text, / 503 [\s\S]*Retry-After: 1\r\n[\s\S]*down \(NO_BACKEND\)/)
    }
    assert.equal(told('refused').length, 1)
    const server = createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.end(switching))
    })
    t.after(() => server.close())
    await once(server.listen(port, '127.0.0.1'), 'listening')
    // Whoever is served first ends it, also by an upgrade.
    const upgrade = get('/', 'Upgrade: toy').replace('close', 'close, Upgrade')
    while (statusOf((await say(proxy, upgrade)).text) !== '101');
    assert.equal(told('refused').length, 1)
    assert.equal(told('refused_over').length, 1)
    assert.ok(Number(told('refused_over')[0]!.fields.refused) >= 3)
  })

  it('tells of the backend also when it was a reused connection that broke', async (t) => {
    const { port } = await scripted(t, (socket, _request, nth) =>
      nth === 0 ? socket.write(ok('one')) : socket.resetAndDestroy(),
    )
    const { proxy, told } = await fronted(t, [port], { retriesMax: 0 })
    assert.match((await say(proxy, get())).text, / 200 [\s\S]*one$/)
    assert.match((await say(proxy, get())).text, / 502 /)
    const [line] = told('request_failed')
    assert.equal(line?.fields.backend, `127.0.0.1:${port}`)
  })

  it('does not blame a backend for a reused connection that had come to its end', async (t) => {
    // Each connection serves one request and breaks at the second.
    const port = await backend(t, (socket) => {
      let nth = 0
      socket.on('data', () => (nth++ === 0 ? socket.write(ok('x')) : socket.resetAndDestroy()))
    })
    const { proxy } = await fronted(t, [port])
    const client = open(proxy.address)
    for (let nth = 0; nth < 5; nth++) {
      client.write(keep(get()))
      assert.equal(statusOf(await hearing(client, /x$/)), '200')
    }
    client.destroy()
    assert.deepEqual(await settled(proxy), { active: 0, ok: 5, failed: 0, aborted: 4 })
    assert.equal(proxy.view().pool.backends[0]!.health, 'up')
  })

  it('keep no more idle connections than were needed at a time', async (t) => {
    let nth = 0
    const flaky = await backend(t, (socket) => {
      socket.on('data', () => (nth++ % 2 === 0 ? socket.write(ok('x')) : socket.resetAndDestroy()))
    })
    const { proxy } = await fronted(t, [await named(t, 'x'), flaky])
    const client = open(proxy.address)
    for (let sent = 0; sent < 40; sent++) {
      client.write(keep(get()))
      assert.equal(statusOf(await hearing(client, /x$/)), '200')
    }
    assert.ok(proxy.view().http!.retries > 10)
    assert.ok(proxy.view().http!.idleConnections <= 2)
    client.destroy()
    await settled(proxy)
  })

  it('lets clients leave that wait for a retry', async (t) => {
    const waiting: Socket[] = []
    const slow = await backend(t, (socket) => socket.once('data', () => waiting.push(socket)))
    // Breaks off all at once, when all have come.
    const doomed: Socket[] = []
    const bad = await backend(t, (socket) => socket.once('data', () => doomed.push(socket)))
    const { proxy } = await fronted(t, [bad, slow])
    const clients = Array.from({ length: 40 }, () => open(proxy.address))
    for (const client of clients) client.write(get())
    await until(() => doomed.length === 20 && waiting.length === 20)
    for (const socket of doomed) socket.resetAndDestroy()
    // A fifth of what is under way is tried again now, and three more in this second; the rest waits.
    await until(() => ledger(proxy).failed === 20 && ledger(proxy).active === waiting.length)
    assert.ok(waiting.length < 36, `${waiting.length} of 40 are under way`)
    for (const client of clients.slice(0, 30)) client.destroy()
    await until(() => proxy.view().connections.active === 10)
    const left = clients.slice(30).map((client) => drain(client))
    const answer = setInterval(() => {
      for (const socket of waiting.splice(0)) socket.end(ok('late'))
    }, 5)
    t.after(() => clearInterval(answer))
    for (const { text } of await Promise.all(left)) assert.equal(statusOf(text), '200')
    await settled(proxy)
  })

  it('lets nobody wait for a retry longer than for a connection', async (t) => {
    const doomed: Socket[] = []
    const bad = await backend(t, (socket) => socket.once('data', () => doomed.push(socket)))
    const hanging = await backend(t, (socket) => socket.resume())
    const http = { responseTimeoutMs: 600_000 }
    const { proxy } = await fronted(t, [bad, hanging], { http, connectTimeoutMs: 100 })
    const clients = Array.from({ length: 40 }, () => open(proxy.address))
    for (const client of clients) client.write(get())
    await until(() => doomed.length === 20)
    for (const socket of doomed) socket.resetAndDestroy()
    const told: string[] = []
    for (const client of clients) void drain(client).then(({ text }) => told.push(text))
    // The others hang on.
    await until(() => told.length > 0 && ledger(proxy).active === 40 - told.length)
    assert.ok(told.length >= 4, `${told.length} have an answer`)
    for (const text of told) assert.match(text, / 502 [\s\S]*BACKEND_RESET/)
    for (const client of clients) client.destroy()
    await settled(proxy)
  })

  it('lets a request that finds out if a backend is back go elsewhere', async (t) => {
    const hangs = await backend(t, (socket) => socket.resume())
    const http = { responseTimeoutMs: 50 }
    const { proxy } = await fronted(t, [hangs, await named(t, 'good')], { http })
    assert.match((await say(proxy, get())).text, / 504 /)
    assert.equal(proxy.view().pool.backends[0]!.health, 'down')
    while (proxy.view().pool.backends[0]!.leases === 1) {
      assert.match((await say(proxy, get())).text, / 200 [\s\S]*good$/)
    }
    await settled(proxy)
    assert.deepEqual(proxy.view().http!.answers, { BACKEND_TIMEOUT: 1 })
  })
})
