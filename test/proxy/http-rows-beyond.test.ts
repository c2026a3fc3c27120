import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type HttpOptions, httpDefaults } from '../../src/proxy/http-options.ts'
import { proxied, until } from '../support/proxied.ts'
import { added, date, exchange, ok, rawClient, rig } from './raw-http.ts'

const host = 'Host: a.test\r\n'
const get = (fields = ''): string => `GET / HTTP/1.1\r\n${host}${fields}\r\n`
const post = (fields: string, body: string): string =>
  `POST / HTTP/1.1\r\n${host}${fields}\r\n${body}`
const chunked = 'Transfer-Encoding: chunked\r\n'
const closing = ok.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')

describe('the body of a request', () => {
  it('row 73: reaches the backend whole, though it is larger than every buffer', async (t) => {
    const all = await rig(t)
    const client = await all.connect()
    const body = 'x'.repeat(3_000_000)
    const length = `Content-Length: ${body.length}\r\n`
    client.send(`POST / HTTP/1.1\r\nHost: a.test\r\n${length}\r\n${body}`)
    assert.equal(await client.response(), ok)
    const head = `POST / HTTP/1.1\r\nHost: a.test\r\n${length}${added()}\r\n`
    assert.equal(all.backend.arrivals[0]?.text, head + body)
  })

  it('row 73: is read on when what came before the backend was reached is passed on', async (t) => {
    const all = await rig(t)
    const client = await all.connect()
    client.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\n12345')
    await until(() => all.backend.ends[0]?.text.endsWith('12345') ?? false)
    client.send('67890')
    assert.equal(await client.response(), ok)
  })

  it('row 73: leaves a client noticed that goes while it waits for the answer', async (t) => {
    const all = await rig(t, { answer: () => undefined })
    const client = await all.connect()
    client.send('POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello')
    await until(() => all.backend.arrivals.length === 1)
    client.socket.destroy()
    await all.backend.ends[0]!.left()
    assert.equal(all.proxy.view().http?.aborted, 1)
  })
})

describe('the limits', () => {
  it('are what the manual says', () => {
    const { pseudonym, ...rest } = httpDefaults
    assert.match(pseudonym, /^piloti-[0-9a-z]{6}$/)
    const wanted: Omit<HttpOptions, 'pseudonym'> = {
      headTimeoutMs: 10_000,
      bodyTimeoutMs: 30_000,
      writeTimeoutMs: 30_000,
      keepAliveTimeoutMs: 75_000,
      keepAlive10: false,
      requestsMax: 0,
      ageMaxMs: 0,
      headLimitBytes: 16_384,
      targetLimitBytes: 8_192,
      fieldsLimit: 100,
      bodyLimitBytes: 0,
      lingerTimeoutMs: 5_000,
      lingerLimitBytes: 1_048_576,
      responseTimeoutMs: 30_000,
      responseIdleTimeoutMs: 60_000,
      tunnelIdleTimeoutMs: 3_600_000,
      halfClosedTimeoutMs: 30_000,
      idleConnectionsMax: 256,
      reuseTimeoutMs: 4_000,
      reuseTimeoutMaxMs: 60_000,
      replayLimitBytes: 65_536,
      trust: [],
      forwarded: false,
      host: 'client',
      requestId: false,
      trace: 'pass',
    }
    assert.deepEqual(rest, wanted)
  })

  it('refuse a body that says it is too large before a backend hears of it', async (t) => {
    const all = await rig(t, {}, { http: { bodyLimitBytes: 10 } })
    const seen = await exchange(all, post('Content-Length: 11\r\n', 'hello world'))
    assert.match(seen.answer, /^HTTP\/1.1 413 .*\(REQUEST_BODY_TOO_LARGE\)/s)
    assert.equal(seen.client, 'fin')
    assert.deepEqual(seen.received, [])
    assert.equal((await exchange(all, post('Content-Length: 10\r\n', '0123456789'))).status, 200)
  })

  it('count the data of chunks, not their coding', async (t) => {
    const all = await rig(t, {}, { http: { bodyLimitBytes: 10 } })
    const most = post(chunked, `${'1\r\nx\r\n'.repeat(10)}0\r\n\r\n`)
    assert.equal((await exchange(all, most)).status, 200)
    const seen = await exchange(all, post(chunked, `${'1\r\nx\r\n'.repeat(11)}0\r\n\r\n`))
    assert.match(seen.answer, /^HTTP\/1.1 413 /)
    assert.deepEqual(seen.received, [])
    assert.equal(seen.isReused, false)
  })

  it('end a connection after so many requests', async (t) => {
    const all = await rig(t, {}, { http: { requestsMax: 2 } })
    const client = await all.connect()
    client.send(get() + get() + get())
    assert.equal(await client.response(), ok)
    assert.equal(await client.response(), closing)
    assert.equal(await client.left(), 'fin')
    assert.equal(client.text, '')
  })

  it('end a connection that has grown old', async (t) => {
    const all = await rig(t, {}, { http: { ageMaxMs: 1 } })
    const client = await all.connect()
    await until(() => {
      if (client.ending === 'open' && client.text.endsWith('ok')) client.text = ''
      if (client.text === '') client.send(get())
      return client.ending !== 'open'
    })
    assert.equal(client.text.includes('Connection: close'), true)
  })

  it('row 74: close further clients at once, and serve those there are', async (t) => {
    const all = await rig(t, {}, { connectionsMax: 2 })
    const clients = [await all.connect(), await all.connect()]
    await until(() => all.proxy.view().connections.active === 2)
    const third = await rawClient(t, all.proxy.address)
    third.send(get())
    assert.notEqual(await third.left(), 'open')
    assert.equal(third.text, '')
    for (const client of clients) {
      client.send(get())
      assert.equal(await client.response(), ok)
    }
    assert.equal(all.proxy.view().connections.refused, 1)
    clients[0]!.socket.destroy()
    await until(() => all.proxy.view().connections.active === 1)
    assert.equal((await exchange(all, get('Connection: close\r\n'))).answer, closing)
  })

  it('row 75: need no timer for each connection', async (t) => {
    const timers = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const all = await rig(t)
    const before = timers()
    const clients = await Promise.all(Array.from({ length: 50 }, () => all.connect()))
    for (const client of clients) client.send(`${get()}GET /slow`)
    for (const client of clients) assert.equal(await client.response(), ok)
    assert.ok(timers() <= before + 5)
  })
})

describe('what a peer sends', () => {
  const marker = 'mArKeR'
  const bad: readonly string[] = [
    `GET /${marker} HTTP/1.1\r\nHost: ${marker} x\r\n\r\n`,
    `GET /${marker}\r\nSet-Cookie:${marker} HTTP/1.1\r\n\r\n`,
    `${marker}(/ HTTP/1.1\r\n\r\n`,
    get(`${marker}\x01: 1\r\n`),
    get(`X: ${marker}\r${marker}\r\n`),
    get(`Expect: ${marker}\r\n`),
    get(`Via: 1.1 lb\r\nX: ${marker}\r\n`),
    get(`Transfer-Encoding: ${marker}\r\n`),
    `CONNECT ${marker}:1 HTTP/1.1\r\nHost: ${marker}:1\r\n\r\n`,
    `GET /${marker} HTTP/${marker}\r\n${host}\r\n`,
  ]

  it('row 71: gets into no answer of the proxy’s own', async (t) => {
    const all = await rig(t)
    for (const bytes of bad) {
      const { answer, status } = await exchange(all, bytes)
      assert.ok(status >= 400)
      assert.equal(answer.includes(marker), false)
    }
  })

  it('row 71: cannot put a line of its own into what is added', async (t) => {
    const all = await rig(t, {}, { http: { trust: ['127.0.0.1'] } })
    for (const fields of ['X-Forwarded-For: a\rX: b\r\n', 'X-Forwarded-Host: a\0b\r\n']) {
      assert.equal((await exchange(all, get(fields))).status, 400)
    }
    const seen = await exchange(all, get('X-Forwarded-For: a%0d%0aX: b\r\n'))
    assert.match(seen.received[0]!, /\r\nX-Forwarded-For: a%0d%0aX: b, 127.0.0.1\r\n/)
  })

  it('row 72: gets into no line of the log', async (t) => {
    const replies = [`HTTP/1.1 200 ${marker}\x01\r\n\r\n`, `${ok}${marker}`, `${marker}\r\n\r\n`]
    const all = await rig(t, { answer: () => replies.shift() ?? ok })
    while (replies.length > 0) await exchange(all, get())
    for (const bytes of bad) await exchange(all, bytes)
    assert.ok(all.lines.length > bad.length)
    const text = JSON.stringify(all.lines)
    assert.equal(text.includes(marker), false)
    assert.doesNotMatch(text, /\\u00|\\[rn]/)
  })

  it('row 80: is no key of an object', async (t) => {
    const fields = '__proto__: 1\r\nconstructor: 2\r\ntoString: 3\r\nhasOwnProperty: 4\r\n'
    const reply = ok.replace('\r\n\r\n', `\r\n${fields}\r\n`)
    const all = await rig(t, { answer: () => reply })
    const seen = await exchange(all, get(`${fields}Connection: __proto__x\r\n`))
    assert.deepEqual(seen.received, [get(`${fields}${added()}`)])
    assert.equal(seen.answer, reply)
    assert.equal(Object.keys(Object.prototype).length, 0)
  })

  it('row 81: takes time in proportion to its length', async (t) => {
    const much = 15_000
    const hard = [
      `Via: ${'1.1 x,'.repeat(much / 6)}`,
      `Via: 1.1${' '.repeat(much)}x`,
      `Accept: ${'application/jso'.repeat(much / 15)}`,
      `TE: ${', \t'.repeat(much / 3)}`,
      `Connection: ${','.repeat(much)}`,
      `Connection: upgrade\r\nUpgrade: ${' ,\t'.repeat(much / 3)}x`,
      `X-Forwarded-For: ${'(('.repeat(much / 2)}`,
    ]
    const keepAlive = [
      'timeout = '.repeat(much / 10),
      ' '.repeat(much),
      `timeout=${'9'.repeat(much)}`,
    ]
    let reply = ok
    const all = await rig(t, { answer: () => reply }, { http: { trust: ['127.0.0.1'] } })
    const start = performance.now()
    for (const fields of hard) {
      for (let i = 0; i < 5; i++)
        assert.equal((await exchange(all, get(`${fields}\r\n`))).status, 200)
    }
    for (const value of keepAlive) {
      reply = ok.replace('\r\n\r\n', `\r\nKeep-Alive: ${value}\r\n\r\n`)
      for (let i = 0; i < 5; i++) assert.equal((await exchange(all, get())).answer, ok)
    }
    assert.ok(performance.now() - start < 3_000)
  })

  it('decides whether an answer of the proxy’s own is text or JSON', async (t) => {
    const { proxy } = await proxied(t, [], { mode: 'http' })
    const client = await rawClient(t, proxy.address)
    client.send(get('Accept: application/json\r\n'))
    const json = await client.response()
    assert.match(json, /^HTTP\/1.1 503 .*\r\nContent-Type: application\/json; charset=utf-8\r\n/s)
    assert.equal(JSON.parse(json.split('\r\n\r\n')[1]!).code, 'NO_BACKEND')
    client.send(get('Accept: text/html, application/json\r\n'))
    const text = await client.response()
    assert.match(
      text,
      /\r\nContent-Type: text\/plain.*503 Service Unavailable: .*\(NO_BACKEND\)\n$/s,
    )
    client.send(get().replace('GET', 'HEAD'))
    assert.match(await client.response('HEAD'), /^HTTP\/1.1 503 .*\r\n\r\n$/s)
  })
})

describe('closing', () => {
  it('lets what is under way end, and says close', async (t) => {
    const all = await rig(t, { answer: () => undefined })
    const [busy, idle, halfway] = [await all.connect(), await all.connect(), await all.connect()]
    idle.send(get())
    await until(() => all.backend.arrivals.length === 1)
    all.backend.arrivals[0]!.end.send(ok)
    assert.equal(await idle.response(), ok)
    busy.send(get())
    halfway.send(get().slice(0, -2))
    await until(() => all.backend.arrivals.length === 2)
    const closed = all.proxy.close(60_000)
    assert.equal(await idle.left(), 'fin')
    halfway.send('\r\n')
    await until(() => all.backend.arrivals.length === 3)
    for (const { end } of all.backend.arrivals.slice(1)) end.send(ok)
    for (const client of [busy, halfway]) {
      assert.equal(await client.response(), closing)
      assert.equal(await client.left(), 'fin')
    }
    assert.equal(await closed, 0)
    assert.deepEqual(all.proxy.view().http?.idleConnections, 0)
    for (const end of all.backend.ends) assert.equal(await end.left(), 'fin')
  })

  it('waits for an answer that its client has not taken yet', async (t) => {
    const size = 60_000
    const reply = `HTTP/1.1 200 OK\r\n${date}Content-Length: ${size}\r\n\r\n${'x'.repeat(size)}`
    const all = await rig(t, { answer: () => reply })
    const client = await all.connect()
    client.socket.pause()
    client.send(get().repeat(1_000))
    await until(() => all.backend.arrivals.length > 1)
    await settled(() => all.backend.arrivals.length)
    // The last answer is whole in the proxy, and the client has not taken it.
    assert.equal(all.proxy.view().http?.active, 0)
    const closed = all.proxy.close(60_000)
    client.socket.resume()
    assert.equal(await client.left(), 'fin')
    client.socket.end()
    assert.equal(client.text.length, all.backend.arrivals.length * reply.length)
    assert.equal(await closed, 0)
  })

  it('breaks off what is left after the grace, tunnels too', async (t) => {
    const upgrade = 'Connection: upgrade\r\nUpgrade: echo\r\n'
    const all = await rig(t, {
      answer: ({ text }) =>
        text.includes('Upgrade') ? `HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\n` : undefined,
    })
    const [tunnel, stuck] = [await all.connect(), await all.connect()]
    tunnel.send(get(upgrade))
    await tunnel.response()
    stuck.send(get())
    await until(() => all.backend.arrivals.length === 2)
    assert.equal(await all.proxy.close(50), 2)
    for (const end of [tunnel, stuck, ...all.backend.ends])
      assert.notEqual(await end.left(), 'open')
    assert.deepEqual(
      all.proxy.view().pool.backends.map(({ active }) => active),
      [0],
    )
  })
})

/** Waits until a number does not change any more. */
async function settled(count: () => number): Promise<void> {
  let last = -1
  let same = 0
  await until(() => {
    same = count() === last ? same + 1 : 0
    last = count()
    return same > 50
  })
}
