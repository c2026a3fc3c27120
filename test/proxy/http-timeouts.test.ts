import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { HttpOptions } from '../../src/proxy/http-options.ts'
import { blackHole } from '../support/backends.ts'
import { proxied, until } from '../support/proxied.ts'
import { date, exchange, ok, type Rig, rawClient, rig, type Script } from './raw-http.ts'

const host = 'Host: a.test\r\n'
const get = (fields = ''): string => `GET / HTTP/1.1\r\n${host}${fields}\r\n`
const post = (fields: string, body: string): string =>
  `POST / HTTP/1.1\r\n${host}${fields}\r\n${body}`

const timed = (t: TestContext, http: Partial<HttpOptions>, script: Script = {}): Promise<Rig> =>
  rig(t, script, { http })

/** Runs `work` again and again, with pauses shorter than any deadline here, until `isOver`. */
async function dripping(isOver: () => boolean, work: () => void): Promise<void> {
  while (!isOver()) {
    work()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('a client that is slow', { concurrency: true }, () => {
  it('gets 408 for a head that is late in all, however it drips', async (t) => {
    const all = await timed(t, { headTimeoutMs: 300 })
    const client = await all.connect()
    client.send('GET / HTTP/1.1\r\n')
    await dripping(
      () => client.ending !== 'open',
      () => client.send('X: 1\r\n'),
    )
    assert.match(client.text, /^HTTP\/1.1 408 .*Connection: close.*\(REQUEST_TIMEOUT\)/s)
    assert.equal(client.ending, 'fin')
    assert.equal(all.backend.ends.length, 0)
  })

  it('gets 408 for a later head that is late', async (t) => {
    const all = await timed(t, { headTimeoutMs: 300 })
    const client = await all.connect()
    client.send(get())
    assert.equal(await client.response(), ok)
    client.send('GET / HT')
    assert.match(await client.response(), /^HTTP\/1.1 408 /)
    assert.equal(await client.left(), 'fin')
  })

  it('is closed without a word when it never says one', async (t) => {
    const all = await timed(t, { headTimeoutMs: 300 })
    const client = await all.connect()
    assert.equal(await client.left(), 'fin')
    assert.equal(client.text, '')
  })

  it('has its whole time also when the proxy had nothing to do for long', async (t) => {
    const all = await timed(t, { headTimeoutMs: 600, ageMaxMs: 600 })
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    const client = await all.connect()
    const startMs = performance.now()
    client.send(get())
    assert.doesNotMatch(await client.response(), /Connection: close/)
    const silent = await all.connect()
    await silent.left()
    assert.ok(performance.now() - startMs >= 595)
  })

  it('gets 408 for a body that stalls', async (t) => {
    const all = await timed(t, { bodyTimeoutMs: 300 })
    const client = await all.connect()
    client.send(post('Content-Length: 10\r\n', '12345'))
    assert.match(await client.response(), /^HTTP\/1.1 408 .*\(REQUEST_TIMEOUT\)/s)
    assert.equal(await client.left(), 'fin')
    await all.backend.ends[0]!.left()
    assert.equal(all.backend.arrivals.length, 0)
    assert.equal(all.proxy.view().pool.backends[0]?.health, 'up')
  })

  it('may take any time for a body that moves', async (t) => {
    const times = { bodyTimeoutMs: 1_000, headTimeoutMs: 1_000, responseTimeoutMs: 1_000 }
    const all = await timed(t, times)
    const client = await all.connect()
    client.send(post('Content-Length: 100\r\n', ''))
    let sent = 0
    await dripping(
      () => sent === 100,
      () => client.send(String(sent++ % 10)),
    )
    assert.equal(await client.response(), ok)
  })

  it('is closed when it is idle for too long', async (t) => {
    const all = await timed(t, { keepAliveTimeoutMs: 300 })
    const client = await all.connect()
    client.send(get())
    assert.equal(await client.response(), ok)
    assert.equal(await client.left(), 'fin')
    assert.equal(client.text, '')
  })

  it('row 73: is cut off when it takes nothing of its answer', async (t) => {
    const all = await timed(t, { writeTimeoutMs: 300 }, { answer: () => large(64_000_000) })
    const client = await all.connect()
    client.socket.pause()
    client.send(get())
    await until(() => all.proxy.view().connections.active === 0)
    const [backend] = all.proxy.view().pool.backends
    // What has been read from the backend is what the system holds and one buffer, not the answer.
    assert.ok(backend!.receivedBytes < 32_000_000)
    assert.equal(backend!.active, 0)
  })

  it('row 73: is no fault of the backend, and gets its answer when it reads on', async (t) => {
    const http = { responseIdleTimeoutMs: 1_000, responseTimeoutMs: 1_000, writeTimeoutMs: 60_000 }
    const all = await timed(t, http, { answer: () => large(24_000_000) })
    const client = await all.connect()
    client.socket.pause()
    client.send(get())
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    client.socket.resume()
    assert.equal((await client.response()).length, large(24_000_000).length)
    assert.deepEqual(all.proxy.view().http?.answers, {})
  })

  it('row 73: is not kept once its refusal was sent and it goes on sending', async (t) => {
    const all = await timed(t, { lingerTimeoutMs: 300, bodyLimitBytes: 10 })
    const client = await all.connect()
    client.send(post('Content-Length: 1000000\r\n', ''))
    assert.match(await client.response(), /^HTTP\/1.1 413 /)
    await dripping(
      () => client.isClosed,
      () => client.send('x'),
    )
  })

  it('row 73: is not listened to for ever when it is refused', async (t) => {
    const http = { lingerTimeoutMs: 60_000, lingerLimitBytes: 100_000, bodyLimitBytes: 10 }
    const all = await timed(t, http)
    const client = await all.connect()
    client.send(post('Content-Length: 1000000\r\n', 'x'.repeat(50_000)))
    assert.match(await client.response(), /^HTTP\/1.1 413 /)
    assert.equal(await client.left(), 'fin')
    assert.equal(all.proxy.view().connections.active, 1)
    client.send('x'.repeat(120_000))
    await until(() => all.proxy.view().connections.active === 0)
  })
})

describe('a backend that is slow', { concurrency: true }, () => {
  it('gives 504 when it accepts no connection', async (t) => {
    const port = await blackHole(t)
    const { proxy } = await proxied(t, [port], {
      mode: 'http',
      connectTimeoutMs: 300,
      retriesMax: 0,
    })
    const client = await rawClient(t, proxy.address)
    client.send(get())
    assert.match(await client.response(), /^HTTP\/1.1 504 .*\(BACKEND_CONNECT_TIMEOUT\)/s)
    assert.equal(client.ending, 'open')
  })

  it('gives 504 when it does not answer', async (t) => {
    const all = await timed(t, { responseTimeoutMs: 300 }, { answer: () => undefined })
    const client = await all.connect()
    client.send(get())
    assert.match(await client.response(), /^HTTP\/1.1 504 .*\(BACKEND_TIMEOUT\)/s)
    assert.equal(await all.backend.ends[0]!.left(), 'fin')
    assert.equal(client.ending, 'open')
  })

  it('gives 504 when it does not finish a head', async (t) => {
    const all = await timed(t, { responseTimeoutMs: 300 }, { answer: () => 'HTTP/1.1 200 OK\r\n' })
    const client = await all.connect()
    client.send(get())
    assert.match(await client.response(), /^HTTP\/1.1 504 /)
  })

  it('is given its time from the last byte of the request', async (t) => {
    const all = await timed(t, { responseTimeoutMs: 300, bodyTimeoutMs: 60_000 })
    const client = await all.connect()
    client.send(post('Content-Length: 5\r\n', 'hell'))
    await new Promise((resolve) => setTimeout(resolve, 900))
    client.send('o')
    assert.equal(await client.response(), ok)
  })

  it('is cut off, and the client with it, when an answer stalls', async (t) => {
    const reply = `HTTP/1.1 200 OK\r\n${date}Content-Length: 10\r\n\r\n12345`
    const all = await timed(t, { responseIdleTimeoutMs: 300 }, { answer: () => reply })
    const client = await all.connect()
    client.send(get())
    assert.equal(await client.left(), 'reset')
    assert.equal(client.text, reply)
    await all.backend.ends[0]!.left()
  })

  it('may take any time for an answer that moves', async (t) => {
    const all = await timed(
      t,
      { responseIdleTimeoutMs: 300, responseTimeoutMs: 300 },
      {
        answer: ({ end }) => {
          end.send(`HTTP/1.1 200 OK\r\n${date}Content-Length: 60\r\n\r\n`)
          let sent = 0
          void dripping(
            () => sent === 60,
            () => end.send(String(sent++ % 10)),
          )
          return undefined
        },
      },
    )
    const client = await all.connect()
    client.send(get())
    assert.match(await client.response(), /\r\n\r\n(0123456789){6}$/)
  })

  it('may stay silent for ever where 0 says so', async (t) => {
    const http = { responseTimeoutMs: 0, responseIdleTimeoutMs: 0 }
    const all = await timed(t, http, { answer: () => undefined })
    const client = await all.connect()
    client.send(get())
    await until(() => all.backend.arrivals.length === 1)
    await new Promise((resolve) => setTimeout(resolve, 800))
    all.backend.ends[0]!.send(ok.slice(0, -1))
    await new Promise((resolve) => setTimeout(resolve, 800))
    all.backend.ends[0]!.send('k')
    assert.equal(await client.response(), ok)
  })

  it('gives 504 when it takes nothing of the request', async (t) => {
    const all = await timed(
      t,
      { writeTimeoutMs: 300, bodyTimeoutMs: 60_000 },
      {
        atHead: ({ end }) => {
          end.socket.pause()
          return undefined
        },
      },
    )
    const client = await all.connect()
    client.send(post('Content-Length: 64000000\r\n', 'x'.repeat(64_000_000)))
    assert.match(await client.response(), /^HTTP\/1.1 504 .*\(BACKEND_TIMEOUT\)/s)
  })

  it('does not keep a client that stalls in its body once it takes more', async (t) => {
    const all = await timed(
      t,
      { bodyTimeoutMs: 300 },
      {
        atHead: ({ end }) => {
          end.socket.pause()
          setTimeout(() => end.socket.resume(), 500)
          return undefined
        },
      },
    )
    const client = await all.connect()
    client.send(post('Content-Length: 64000000\r\n', 'x'.repeat(63_000_000)))
    assert.match(await client.response(), /^HTTP\/1.1 408 /)
  })
})

describe('connections that wait', { concurrency: true }, () => {
  it('go before the backend lets go of them, when it says how long it keeps them', async (t) => {
    const reply = ok.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=2, max=9\r\n\r\n')
    const all = await timed(t, { reuseTimeoutMs: 60_000 }, { answer: () => reply })
    const client = await all.connect()
    const start = performance.now()
    client.send(get())
    assert.equal(await client.response(), ok)
    assert.equal(await all.backend.ends[0]!.left(), 'fin')
    assert.ok(performance.now() - start < 2_000)
    assert.equal(client.ending, 'open')
  })

  it('are not kept at all when the backend keeps them for a second or less', async (t) => {
    const reply = ok.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=1\r\n\r\n')
    const all = await timed(t, {}, { answer: () => reply })
    assert.equal((await exchange(all, get())).isReused, false)
  })

  it('go after a time of our own when it does not say, and at last in any case', async (t) => {
    const reply = ok.replace('\r\n\r\n', '\r\nKeep-Alive: timeout=900\r\n\r\n')
    for (const [http, script] of [
      [{ reuseTimeoutMs: 300 }, {}],
      [{ reuseTimeoutMaxMs: 300 }, { answer: () => reply }],
    ] as const) {
      const all = await timed(t, http, script)
      const client = await all.connect()
      client.send(get())
      await client.response()
      assert.equal(await all.backend.ends[0]!.left(), 'fin')
    }
  })

  it('are bounded: the oldest makes room', async (t) => {
    const all = await timed(t, { idleConnectionsMax: 2 }, { answer: () => undefined })
    const clients = await Promise.all([1, 2, 3].map(() => all.connect()))
    for (const client of clients) client.send(get())
    await until(() => all.backend.arrivals.length === 3)
    for (const { end } of all.backend.arrivals) {
      end.send(ok)
      await clients[all.backend.arrivals.findIndex((one) => one.end === end)]!.sees('ok')
    }
    assert.equal(await all.backend.arrivals[0]!.end.left(), 'fin')
    assert.equal(all.proxy.view().http?.idleConnections, 2)
  })

  it('are none where the limit is 0', async (t) => {
    const all = await timed(t, { idleConnectionsMax: 0 })
    assert.equal((await exchange(all, get())).isReused, false)
  })

  it('in a tunnel go when nothing moves', async (t) => {
    const upgrade = 'Connection: upgrade\r\nUpgrade: echo\r\n'
    const reply = `HTTP/1.1 101 Switching Protocols\r\n${upgrade}\r\n`
    for (const http of [{ tunnelIdleTimeoutMs: 300 }, { halfClosedTimeoutMs: 300 }]) {
      const all = await timed(t, http, { answer: () => reply })
      const client = await all.connect()
      client.send(get(upgrade))
      await client.response()
      if ('halfClosedTimeoutMs' in http) client.socket.end()
      assert.equal(await client.left(), 'reset')
      await until(() => all.proxy.view().connections.active === 0)
    }
  })
})

function large(bytes: number): string {
  return `HTTP/1.1 200 OK\r\n${date}Content-Length: ${bytes}\r\n\r\n${'x'.repeat(bytes)}`
}
