import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { Finding } from '../../src/health/probe.ts'
import { createProbe, type HealthSpec } from '../../src/health/spec.ts'
import { abort } from '../../src/net/abort.ts'
import { backTo, held } from '../net/leaks.ts'
import { backend, blackHole, deadPort } from '../support/backends.ts'

const well = { isWell: true, reason: '', hasAnswered: true }
const patientMs = 60_000

function ask(
  port: number,
  spec: Partial<HealthSpec> = {},
  timeoutMs = patientMs,
): Promise<Finding | undefined> {
  const probe = createProbe({ kind: 'http', path: '/health', ...spec })
  return probe({ host: '127.0.0.1', port }, timeoutMs, new AbortController().signal)
}

/** A backend that says these bytes to every request, and ends. */
const saying = (t: TestContext, bytes: string): Promise<number> =>
  backend(t, (socket) => socket.once('data', () => socket.end(bytes)))

/** A backend that answers so, with its length. */
const answering = (t: TestContext, head: string, body = ''): Promise<number> =>
  saying(t, `HTTP/1.1 ${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)

async function serving(t: TestContext, listener: RequestListener, path?: string): Promise<number> {
  const server = createServer(listener).listen(path ?? 0)
  await once(server, 'listening')
  t.after(() => server.close())
  return path === undefined ? (server.address() as AddressInfo).port : 0
}

describe('an http probe', () => {
  it('asks on a connection of its own, by name', async (t) => {
    const asked: unknown[] = []
    const port = await serving(t, ({ method, url, headers, httpVersion }, response) => {
      asked.push([method, url, httpVersion, headers])
      response.end()
    })
    const spec = { method: 'OPTIONS', path: '/a?b', host: 'shop.example' } as const
    assert.deepEqual([await ask(port), await ask(port, spec)], [well, well])
    const headers = { 'user-agent': 'piloti', connection: 'close' }
    assert.deepEqual(asked, [
      ['GET', '/health', '1.1', { ...headers, host: `127.0.0.1:${port}` }],
      ['OPTIONS', '/a?b', '1.1', { ...headers, host: 'shop.example' }],
    ])
  })

  it('finds well who answers from 200 to 399, and nobody else', async (t) => {
    for (const status of [200, 204, 304, 399, 400, 404, 500, 503, 199]) {
      const isWell = status >= 200 && status < 400
      const finding = await ask(
        await saying(t, `HTTP/1.1 ${status} x\r\nContent-Length: 0\r\n\r\n`),
        {},
        isWell || status > 199 ? patientMs : 50,
      )
      if (status === 199)
        assert.equal(finding?.isWell, false) // Only an interim answer.
      else {
        const reason = isWell ? '' : `GET /health answered ${status}`
        assert.deepEqual(finding, { isWell, reason, hasAnswered: true })
      }
    }
  })

  it('takes the statuses that it is told', async (t) => {
    const spec = { method: 'HEAD', path: '/', status: { from: 401, to: 401 } } as const
    assert.deepEqual(await ask(await answering(t, '401 No'), spec), well)
    const { isWell, reason } = (await ask(await answering(t, '200 OK'), spec))!
    assert.deepEqual([isWell, reason], [false, 'HEAD / answered 200'])
  })

  it('follows no redirect', async (t) => {
    let asked = 0
    const port = await serving(t, (_request, response) => {
      asked++
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    assert.deepEqual([await ask(port), asked], [well, 1])
  })

  it('looks for a text in the body', async (t) => {
    const spec = { body: 'ö k' }
    assert.deepEqual(await ask(await answering(t, '200 OK', 'all ö k here'), spec), well)
    const reason = "the body does not contain 'ö k'"
    for (const body of ['', 'ok', `${'x'.repeat(65_536)}ö k`]) {
      const finding = await ask(await answering(t, '200 OK', body), spec)
      assert.deepEqual(finding, { isWell: false, reason, hasAnswered: true })
    }
  })

  it('reads what the backend says of itself, also while it is not well', async (t) => {
    const port = await answering(t, '200 OK\r\nX-Piloti-Load: 0.75\r\nContent-Type: text/plain')
    assert.deepEqual(await ask(port), { ...well, load: 0.75 })
    const json = '503 No\r\nContent-Type: application/json'
    const leaving = await ask(await answering(t, json, '{"load":2,"draining":true}'))
    const reason = 'GET /health answered 503'
    const wanted = { isWell: false, reason, hasAnswered: true, load: 2, isDraining: true }
    assert.deepEqual(leaving, wanted)
    const twice = await answering(t, '200 OK\r\nX-Piloti-Load: 1\r\nX-Piloti-Load: 2')
    const ignored = 'load is "1, 2": a number from 0 wanted'
    assert.deepEqual(await ask(twice), { ...well, ignored })
  })

  it('reads no more than 64 KiB of a body without end', async (t) => {
    const before = held()
    const port = await backend(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n')
      const flood = (): boolean => socket.writable && socket.write('x'.repeat(16_384), flood)
      flood()
    })
    assert.deepEqual(await ask(port), { ...well, ignored: 'the body is too long' })
    await backTo({ ...held(), Timeout: before.Timeout! })
  })

  it('works for Unix sockets', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'piloti-probe-'))
    t.after(() => rm(folder, { recursive: true }))
    const path = join(folder, 'a.sock')
    await serving(t, ({ headers }, response) => response.end(headers.host), path)
    const probe = createProbe({ kind: 'http', body: 'localhost' })
    assert.deepEqual(await probe({ path }, patientMs, new AbortController().signal), well)
  })
})

describe('an http probe of a broken backend', () => {
  const broken: [string, (t: TestContext) => Promise<number>, string | RegExp, boolean][] = [
    ['refuses', () => deadPort(), 'connect ECONNREFUSED', false],
    [
      'breaks off',
      (t) => backend(t, abort),
      /^(connect|read|write) ECONNRESET$|before the end/,
      false,
    ],
    [
      'ends without a word',
      (t) => saying(t, ''),
      'the connection was closed before the end of the answer',
      false,
    ],
    [
      'speaks another protocol',
      (t) => saying(t, 'SSH-2.0-x\r\n'),
      /^the answer is not HTTP\/1\.1 \(HPE_/,
      false,
    ],
    [
      'sends a head that is too long',
      (t) => answering(t, `200 OK\r\nA: ${'x'.repeat(20_000)}`),
      /HPE_HEADER_OVERFLOW/,
      false,
    ],
    [
      'ends within its body',
      (t) => saying(t, 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx'),
      'the connection was closed before the end of the answer',
      true,
    ],
    [
      'breaks its chunks',
      (t) => saying(t, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'),
      /HPE_INVALID_CHUNK_SIZE/,
      true,
    ],
    [
      'switches protocols',
      (t) => saying(t, 'HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
      'GET /health answered 101',
      true,
    ],
  ]
  for (const [what, start, reason, hasAnswered] of broken) {
    it(`tells that it ${what}`, async (t) => {
      const finding = (await ask(await start(t)))!
      assert.deepEqual([finding.isWell, finding.hasAnswered], [false, hasAnswered])
      if (typeof reason === 'string') assert.equal(finding.reason, reason)
      else assert.match(finding.reason, reason)
    })
  }

  const slow: [string, (t: TestContext) => Promise<number>, string][] = [
    ['is a black hole', blackHole, 'no answer within 60 ms'],
    ['accepts and is silent', (t) => backend(t, () => {}), 'no answer within 60 ms'],
    ['drips its head', (t) => dripping(t, ''), 'no answer within 60 ms'],
    [
      'sends interim answers for ever',
      (t) => dripping(t, '', 'HTTP/1.1 100 Continue\r\n\r\n'),
      'no answer within 60 ms',
    ],
    [
      'drips its body',
      (t) => dripping(t, 'HTTP/1.1 200 OK\r\n\r\n'),
      'the answer did not end within 60 ms',
    ],
  ]
  for (const [what, start, reason] of slow) {
    it(`tells in time that it ${what}`, async (t) => {
      const finding = await ask(await start(t), {}, 60)
      assert.deepEqual([finding?.isWell, finding?.reason], [false, reason])
    })
  }

  it('leaves nothing behind, also when it is told to give up', async (t) => {
    const silent = await backend(t, (socket) => socket.resume().on('end', () => socket.end()))
    const ports = [silent, await blackHole(t), await dripping(t, '')]
    const before = held()
    const controller = new AbortController()
    const probe = createProbe({ kind: 'http' })
    const findings = ports.map((port) =>
      probe({ host: '127.0.0.1', port }, patientMs, controller.signal),
    )
    controller.abort()
    assert.deepEqual(await Promise.all(findings), [undefined, undefined, undefined])
    await backTo(before)
  })
})

/** A backend that says `first`, and then `more` again and again, for as long as somebody listens. */
function dripping(t: TestContext, first: string, more = 'x'): Promise<number> {
  return backend(t, (socket) => {
    const start = first === '' && more === 'x' ? 'HTTP/1.1 200 OK\r\nA: ' : first
    if (start !== '') socket.write(start)
    const timer = setInterval(() => socket.write(more), 5)
    socket.on('end', () => socket.end())
    socket.on('close', () => clearInterval(timer))
    socket.resume()
  })
}
