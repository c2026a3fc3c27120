import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { ask, hear, reaches, startBackend } from './hear.ts'

/** So many digits take minutes: a test that had to wait for them would never end. */
const ENDLESS = 50_000_000

describe('under load', () => {
  it('answers /health while four times a million digits are being computed', async (t) => {
    const backend = await startBackend(t, { threads: 4 })
    const answers = Array.from({ length: 4 }, () => hear(backend, '/1000000'))
    await reaches(backend, (view) => view.computing === 4)
    for (let i = 0; i < 20; i++) {
      const health = JSON.parse((await hear(backend, '/health')).body)
      assert.equal(health.status, 'ok')
      assert.equal(health.computing, 4, 'health came before the first of the digits')
      assert.ok(health.load >= 0.5 && health.load < 1, 'there is room in the queue')
      assert.equal(health.active, 4)
    }
    for (const { status, body } of await Promise.all(answers)) {
      assert.deepEqual([status, body.length, body.slice(-11)], [200, 1_000_003, '5779458151\n'])
    }
    const { active, computing } = backend.view()
    assert.deepEqual({ active, computing }, { active: 0, computing: 0 })
  })

  it('refuses with 503 and Retry-After when the queue is full', async (t) => {
    const backend = await startBackend(t, {
      threads: 1,
      queueLimit: 1,
      digitsLimit: ENDLESS,
    })
    const clients = [ask(backend, `/${ENDLESS}`), ask(backend, `/${ENDLESS}`)]
    await reaches(backend, (view) => view.computing === 1 && view.queued === 1)
    const { status, headers, body } = await hear(backend, '/20000', { accept: 'application/json' })
    assert.equal(status, 503)
    assert.equal(headers['retry-after'], '1')
    assert.equal(JSON.parse(body).error, 'BUSY')
    assert.equal((await hear(backend, '/health')).headers['x-piloti-load'], '1')
    assert.equal((await hear(backend, '/100')).status, 200, 'a few digits need no thread')
    for (const client of clients) client.destroy()
  })

  it('stops computing when the client goes away', async (t) => {
    const backend = await startBackend(t, { threads: 1, digitsLimit: ENDLESS })
    const client = ask(backend, `/${ENDLESS}`)
    await reaches(backend, (view) => view.computing === 1)
    const next = hear(backend, '/20000')
    await reaches(backend, (view) => view.queued === 1)
    client.destroy()
    // The only thread is free for the next one when the thread of the first is really gone.
    assert.equal((await next).body.length, 20_003)
    await reaches(backend, (view) => view.active === 0 && view.computing === 0)
  })

  it('drops those from the queue whose client goes away', async (t) => {
    const backend = await startBackend(t, { threads: 1, digitsLimit: ENDLESS })
    const first = ask(backend, `/${ENDLESS}`)
    await reaches(backend, (view) => view.computing === 1)
    const second = ask(backend, `/${ENDLESS}`)
    const third = hear(backend, '/20000')
    await reaches(backend, (view) => view.queued === 2)
    second.destroy()
    await reaches(backend, (view) => view.queued === 1 && view.active === 2)
    first.destroy()
    assert.equal((await third).status, 200)
  })

  it('serves the queue in order', async (t) => {
    const backend = await startBackend(t, { threads: 1, digitsLimit: ENDLESS })
    const first = ask(backend, `/${ENDLESS}`)
    await reaches(backend, (view) => view.computing === 1)
    const order: number[] = []
    const waiting: Promise<unknown>[] = []
    for (const digits of [20_002, 20_000, 20_001]) {
      waiting.push(hear(backend, `/${digits}`).then(({ body }) => order.push(body.length - 3)))
      await reaches(backend, (view) => view.queued === waiting.length)
    }
    first.destroy()
    await Promise.all(waiting)
    assert.deepEqual(order, [20_002, 20_000, 20_001])
  })
})

describe('on purpose', () => {
  it('fails a share of the requests for digits, and says so', async (t) => {
    const draws = [0.1, 0.3, 0.24, 0.9]
    const random = () => draws.shift()!
    const backend = await startBackend(t, { failRate: 0.25, random })
    const statuses: number[] = []
    for (let i = 0; i < 4; i++) statuses.push((await hear(backend, '/10')).status)
    assert.deepEqual(statuses, [500, 200, 500, 200])
    draws.push(0)
    const { body } = await hear(backend, '/10', { accept: 'application/json' })
    assert.equal(JSON.parse(body).error, 'INJECTED')
    assert.match(JSON.parse(body).message, /on purpose, as 25 %/)
    assert.equal((await hear(backend, '/health')).status, 200, 'health draws nothing')
  })

  it('is late by latency and jitter, and counts that as time taken', async (t) => {
    const backend = await startBackend(t, { latencyMs: 20, jitterMs: 20, random: () => 0.5 })
    const { body } = await hear(backend, '/10', { accept: 'application/json' })
    assert.ok(JSON.parse(body).ms >= 29, body) // Timers may be early by less than one.
  })

  it('stops being late when the client goes away', async (t) => {
    const backend = await startBackend(t, { latencyMs: 1_000_000 })
    const client = ask(backend, '/10')
    await reaches(backend, (view) => view.active === 1)
    client.destroy()
    await reaches(backend, (view) => view.active === 0)
  })
})

describe('close', () => {
  it('answers what is in flight with Connection: close, and refuses new connections', async (t) => {
    const backend = await startBackend(t, { graceMs: 60_000 })
    const keep = { connection: 'keep-alive' }
    const answer = hear(backend, '/200000', { headers: keep })
    await reaches(backend, (view) => view.computing === 1)
    const closed = backend.close()
    assert.equal((await answer).headers.connection, 'close')
    assert.equal((await answer).body.length, 200_003)
    await closed
    await assert.rejects(hear(backend, '/1'), { code: 'ECONNREFUSED' })
  })

  it('says on open connections that it drains', async (t) => {
    const backend = await startBackend(t, { graceMs: 60_000, digitsLimit: ENDLESS })
    const client = ask(backend, `/${ENDLESS}`)
    await reaches(backend, (view) => view.computing === 1)
    const socket = connect(backend.port, backend.host)
    // With half a head read the connection is not idle.
    socket.write('GET /2 HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n')
    await once(socket, 'data')
    const closed = backend.close()
    await reaches(backend, (view) => view.draining)
    socket.write('\r\n')
    const [answer] = await once(socket, 'data')
    assert.match(String(answer), /^HTTP\/1\.1 200 [\s\S]*"draining":true/)
    client.destroy()
    socket.destroy()
    await closed
  })

  it('ends idle connections at once', async (t) => {
    const backend = await startBackend(t, { graceMs: 60_000 })
    const socket = connect(backend.port, backend.host)
    socket.write('GET /2 HTTP/1.1\r\nHost: a\r\n\r\n')
    await once(socket, 'data')
    const ended = once(socket, 'close')
    await backend.close()
    socket.end()
    await ended
  })

  it('waits no longer than the grace time, and stops the threads', async (t) => {
    const backend = await startBackend(t, { graceMs: 20, digitsLimit: ENDLESS })
    const client = ask(backend, `/${ENDLESS}`)
    const gone = new Promise((resolve) => client.once('close', resolve))
    await reaches(backend, (view) => view.computing === 1)
    await backend.close()
    await gone
    await reaches(backend, (view) => view.computing === 0)
  })

  it('may be called again', async (t) => {
    const backend = await startBackend(t)
    await Promise.all([backend.close(), backend.close()])
  })
})
