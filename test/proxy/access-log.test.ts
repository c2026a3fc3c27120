import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { parseLogLine } from '../../src/simulator/log-line.ts'
import { backend, deadPort, echo, greeter } from '../support/backends.ts'
import { drain, open, proxied, until } from '../support/proxied.ts'
import { type Entry, entries, logged } from './access-log-read.ts'
import {
  fronted,
  get,
  hearing,
  keep,
  named,
  nodeBackend,
  ok,
  request,
  say,
  scripted,
} from './http-talk.ts'

/** The one entry of a log. */
async function only(log: Parameters<typeof entries>[0]): Promise<Entry> {
  const all = await entries(log)
  assert.equal(all.length, 1)
  return all[0]!
}

describe('the access log of mode http', { concurrency: 4, timeout: 20_000 }, () => {
  it('says who asked for what, who answered, and where the time went', async (t) => {
    const port = await named(t, 'a')
    const log = logged(t)
    const { proxy } = await fronted(t, [port], { accessLog: log.accessLog })
    const before = Date.now()
    await say(proxy, get('/a?b=1', 'User-Agent: test/1', 'referer: http://r.test/'))
    const { time, durationMs, connectMs, firstByteMs, ...rest } = await only(log)
    assert.ok(Date.parse(time) >= before && Date.parse(time) <= Date.now())
    assert.ok(0 < connectMs && connectMs < firstByteMs! && firstByteMs! <= durationMs)
    assert.deepEqual(rest, {
      client: '127.0.0.1',
      method: 'GET',
      path: '/a?b=1',
      host: 'h',
      status: 200,
      referer: 'http://r.test/',
      agent: 'test/1',
      requestBytes: 0,
      responseBytes: 1,
      pool: '',
      backend: `127.0.0.1:${port}`,
      retries: 0,
      queueMs: 0,
      end: 'finished',
    })
  })

  it('has a line for each request of a connection, in their order', async (t) => {
    const log = logged(t)
    const { proxy } = await fronted(t, [await named(t, 'a')], { accessLog: log.accessLog })
    await say(proxy, keep(get('/1')) + keep(get('/2')) + get('/3'))
    const all = await entries(log)
    assert.deepEqual(
      all.map(({ path, connectMs }) => [path, connectMs > 0]),
      [
        ['/1', true],
        ['/2', false],
        ['/3', false],
      ],
    )
  })

  it('counts the bytes of both bodies', async (t) => {
    const port = await nodeBackend(t, (asked, response) => void asked.pipe(response))
    const log = logged(t)
    const { proxy } = await fronted(t, [port], { accessLog: log.accessLog })
    const body = 'x'.repeat(100_000)
    await say(proxy, request('POST', '/', `Content-Length: ${body.length}`) + body)
    const { requestBytes, responseBytes } = await only(log)
    assert.equal(requestBytes, body.length)
    // It comes back in chunks.
    assert.ok(responseBytes > body.length && responseBytes < body.length + 1_000)
  })

  it('says what the proxy answered for itself, and why', async (t) => {
    const log = logged(t)
    const { proxy } = await fronted(t, [await deadPort()], {
      accessLog: log.accessLog,
      retriesMax: 0,
    })
    const { text } = await say(proxy, get('/x'))
    const { status, end, responseBytes, firstByteMs } = await only(log)
    assert.deepEqual([status, end, firstByteMs], [502, 'backend_connect', null])
    assert.equal(responseBytes, text.length - text.indexOf('\r\n\r\n') - 4)
  })

  it('counts tries, and names the backend of the last', async (t) => {
    const ports = [await deadPort(), await named(t, 'b')]
    const log = logged(t)
    const { proxy } = await fronted(t, ports, { accessLog: log.accessLog })
    await say(proxy, get())
    const { backend, retries, status } = await only(log)
    assert.deepEqual([backend, retries, status], [`127.0.0.1:${ports[1]}`, 1, 200])
  })

  it('says how long it waited in line', async (t) => {
    const { port } = await scripted(t, (socket, _asked, nth) => {
      setTimeout(() => socket.write(ok(`${nth}`)), 50)
    })
    const log = logged(t)
    const poolOptions = { maxConnections: 1 }
    const { proxy } = await fronted(t, [port], { accessLog: log.accessLog, poolOptions })
    await Promise.all([say(proxy, get('/1')), say(proxy, get('/2'))])
    const waited = (await entries(log)).map(({ queueMs }) => queueMs).sort((a, b) => a - b)
    assert.equal(waited[0], 0)
    assert.ok(waited[1]! > 20, `${waited}`)
  })

  const ends: readonly [string, (t: TestContext) => Promise<number>, Partial<Entry>][] = [
    [
      'a backend that breaks off',
      (t) => backend(t, (socket) => socket.once('data', () => socket.resetAndDestroy())),
      { status: 502, end: 'backend_reset' },
    ],
    [
      'a backend that breaks off amid its answer',
      (t) =>
        backend(t, (socket) =>
          socket.once('data', () => {
            socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab', () => socket.destroy())
          }),
        ),
      { status: 200, end: 'backend_reset', responseBytes: 2 },
    ],
    [
      'a backend that speaks something else',
      (t) => backend(t, (socket) => socket.once('data', () => socket.write('SSH-2.0\r\n'))),
      { status: 502, end: 'backend_framing' },
    ],
    [
      'a backend that never answers',
      (t) => backend(t, (socket) => socket.resume()),
      { status: 504, end: 'backend_timeout' },
    ],
  ]
  for (const [what, start, wanted] of ends) {
    it(`tells of ${what}`, async (t) => {
      const log = logged(t)
      const http = { responseTimeoutMs: 100 }
      const options = { accessLog: log.accessLog, retriesMax: 0, http }
      const { proxy } = await fronted(t, [await start(t)], options)
      await say(proxy, request('POST', '/'))
      const { status, end, responseBytes } = await only(log)
      assert.deepEqual({ status, end, ...('responseBytes' in wanted && { responseBytes }) }, wanted)
    })
  }

  it('tells of a client that left: 499, or what it was getting', async (t) => {
    const log = logged(t)
    const port = await backend(t, (socket) => {
      socket.on('data', (asked) => {
        if (String(asked).includes('/half'))
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab')
      })
    })
    const { proxy } = await fronted(t, [port], { accessLog: log.accessLog })
    const early = open(proxy.address)
    early.write(get('/early'))
    await until(() => proxy.view().http!.active === 1)
    early.destroy()
    await until(() => proxy.view().http!.active === 0)
    const half = open(proxy.address)
    half.write(get('/half'))
    await hearing(half, /ab$/)
    half.destroy()
    await until(() => proxy.view().http!.active === 0)
    assert.deepEqual(
      (await entries(log)).map(({ path, status, end }) => [path, status, end]),
      [
        ['/early', 499, 'client_gone'],
        ['/half', 200, 'client_gone'],
      ],
    )
  })

  it('tells of a tunnel when it ends, with all its bytes', async (t) => {
    const switching = 'HTTP/1.1 101 S\r\nConnection: Upgrade\r\nUpgrade: toy\r\n\r\n'
    const port = await backend(t, (socket) => {
      socket.once('data', () => {
        socket.write(`${switching}hello`)
        socket.pipe(socket)
      })
    })
    const log = logged(t)
    const { proxy } = await fronted(t, [port], { accessLog: log.accessLog })
    const client = open(proxy.address)
    client.write('GET /t HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: toy\r\n\r\n')
    await hearing(client, /hello$/)
    assert.equal(log.accessLog.view().lines, 0)
    client.write('12345')
    await hearing(client, /12345$/)
    client.end()
    await drain(client)
    await until(() => log.accessLog.view().lines === 1)
    const { path, status, end, requestBytes, responseBytes } = await only(log)
    assert.deepEqual([path, status, end, requestBytes], ['/t', 101, 'finished', 5])
    assert.ok(responseBytes >= 5)
  })

  it('tells of what could not be read, without a guess at what it was', async (t) => {
    const log = logged(t)
    const { proxy } = await fronted(t, [await named(t, 'a')], { accessLog: log.accessLog })
    await say(proxy, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
    const { method, path, host, status, end } = await only(log)
    assert.deepEqual([method, path, host, status, end], ['', '', '', 400, 'request_framing'])
  })

  it('leaves good requests out by chance, and nothing that went wrong', async (t) => {
    const log = logged(t, { sample: 0 })
    const port = await nodeBackend(t, ({ url }, response) => {
      response.writeHead(Number(url!.slice(1))).end()
    })
    const { proxy } = await fronted(t, [port], { accessLog: log.accessLog })
    for (const status of [200, 404, 500, 503]) await say(proxy, get(`/${status}`))
    assert.deepEqual(
      (await entries(log)).map(({ status }) => status),
      [500, 503],
    )
  })

  it('refuses a share that is none', (t) => {
    assert.throws(() => logged(t, { sample: 2 }), RangeError)
  })

  it('is read by the simulator in json and combined', async (t) => {
    for (const format of ['json', 'combined'] as const) {
      const log = logged(t, { format })
      const { proxy } = await fronted(t, [await named(t, 'a')], { accessLog: log.accessLog })
      await say(proxy, get('/a?"b\\'))
      const [line = ''] = await log.lines()
      const entry = parseLogLine(line)
      assert.ok(typeof entry === 'object', line)
      assert.equal(entry.client, '127.0.0.1')
      assert.equal(entry.path, format === 'json' ? '/a?"b\\' : '/a?\\x22b\\x5c')
    }
  })

  it('writes combined as Apache and nginx do, and timing for people', async (t) => {
    const wanted = {
      combined:
        /^127\.0\.0\.1 - - \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000\] "GET \/a HTTP\/1\.1" 200 1 "-" "x\\x22y" \d+\.\d{3}$/,
      timing:
        /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z 127\.0\.0\.1 "GET \/a HTTP\/1\.1" 200 - 127\.0\.0\.1:\d+ queue=0\.000 connect=\d+\.\d{3} first=\d+\.\d{3} total=\d+\.\d{3} retries=0 in=0 out=1 end=finished$/,
    }
    for (const format of ['combined', 'timing'] as const) {
      const log = logged(t, { format })
      const { proxy } = await fronted(t, [await named(t, 'a')], { accessLog: log.accessLog })
      await say(proxy, get('/a', 'User-Agent: x"y'))
      assert.match((await log.lines()).join('\n'), wanted[format])
    }
  })
})

describe('the access log of mode tcp', { concurrency: 4, timeout: 20_000 }, () => {
  it('has a line for each connection', async (t) => {
    const port = await echo(t)
    const log = logged(t)
    const { proxy } = await proxied(t, [port], { accessLog: log.accessLog })
    const client = open(proxy.address)
    client.end('hello')
    await drain(client)
    await until(() => proxy.view().connections.active === 0)
    const { time, durationMs, connectMs, firstByteMs, ...rest } = await only(log)
    assert.ok(time !== '' && connectMs > 0 && firstByteMs! > 0 && durationMs >= firstByteMs!)
    const bytes = { requestBytes: 5, responseBytes: 5 }
    const who = { client: '127.0.0.1', pool: '', backend: `127.0.0.1:${port}` }
    assert.deepEqual(rest, { ...who, ...bytes, retries: 0, queueMs: 0, end: 'finished' })
  })

  it('says why nobody served a client, and how many were tried', async (t) => {
    const log = logged(t)
    const ports = [await deadPort(), await deadPort()]
    const { proxy } = await proxied(t, ports, { accessLog: log.accessLog })
    await drain(open(proxy.address))
    await until(() => proxy.view().connections.active === 0)
    const { end, retries } = await only(log)
    assert.deepEqual([end, retries], ['backend_connect', 1])
  })

  it('tells of a backend that ends at once, without a word', async (t) => {
    const log = logged(t)
    const { proxy } = await proxied(t, [await greeter(t, '')], { accessLog: log.accessLog })
    const client = open(proxy.address)
    await drain(client)
    client.end()
    await until(() => proxy.view().connections.active === 0)
    assert.equal((await only(log)).end, 'backend_silent')
  })
})
