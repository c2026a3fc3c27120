import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { PoolOptions } from '../../src/pool/options.ts'
import { backend, deadPort } from '../support/backends.ts'
import { drain, open, type Proxied, type ProxiedOptions, until } from '../support/proxied.ts'
import { fronted, get, hearing, keep, ok, request, say, settled } from './http-talk.ts'

/** A request that a backend has got and not answered. */
interface Held {
  readonly target: string
  answer(text?: string): void
}

interface Full extends Proxied {
  /** In the order they came. */
  readonly held: Held[]
  /** Who was served first and fills the backend. */
  readonly first: Socket
  /** Sends a request and waits until it waits in line. */
  queue(bytes: string): Promise<Socket>
}

/** A backend that answers when it is told to. */
async function holding(t: TestContext, held: Held[]): Promise<number> {
  return backend(t, (socket) => {
    let got = ''
    socket.setEncoding('latin1').on('data', (piece) => {
      got += piece
      // Of a body only its start is looked at.
      if (got.length > 100_000) got = ''
      if (!got.includes('\r\n\r\n')) return
      const target = got.split(' ')[1]!
      got = ''
      held.push({ target, answer: (text = ok(target)) => void socket.write(text) })
    })
  })
}

/** A proxy whose only backend takes one request at a time, and has it. */
async function full(
  t: TestContext,
  poolOptions: PoolOptions = {},
  options: ProxiedOptions = {},
): Promise<Full> {
  const held: Held[] = []
  const port = await holding(t, held)
  const limits = { maxConnections: 1, queueTimeoutMs: 60_000, ...poolOptions }
  const all = await fronted(t, [port], { ...options, poolOptions: limits })
  const connect = (bytes: string): Socket => {
    const socket = open(all.proxy.address)
    t.after(() => socket.destroy())
    socket.write(bytes)
    return socket
  }
  const first = connect(get('/first'))
  await until(() => held.length === 1)
  const queue = async (bytes: string): Promise<Socket> => {
    const { queued } = all.pool
    const socket = connect(bytes)
    await until(() => all.pool.queued === queued + 1)
    return socket
  }
  return { ...all, held, first, queue }
}

describe('requests for which all backends are full', { concurrency: 4, timeout: 20_000 }, () => {
  it('are served first come, first served', async (t) => {
    const { held, pool, proxy, queue } = await full(t)
    const clients: Socket[] = []
    for (let nth = 0; nth < 8; nth++) clients.push(await queue(get(`/${nth}`)))
    const answers = Promise.all(clients.map((client) => drain(client)))
    for (let nth = 0; nth < 9; nth++) {
      await until(() => held.length === nth + 1)
      assert.equal(pool.view().backends[0]!.active, 1)
      held[nth]!.answer()
    }
    const texts = (await answers).map(({ text }) => text)
    assert.deepEqual(
      held.map(({ target }) => target),
      ['/first', ...clients.map((_, nth) => `/${nth}`)],
    )
    for (const [nth, text] of texts.entries())
      assert.match(text, new RegExp(` 200 .*/${nth}$`, 's'))
    assert.deepEqual(await settled(proxy), { active: 0, ok: 9, failed: 0, aborted: 0 })
  })

  it('get 503 at once when too many wait already', async (t) => {
    const { held, proxy, queue, told } = await full(t, { queueMax: 2 })
    const waiting = [await queue(get('/1')), await queue(get('/2'))]
    for (let nth = 0; nth < 3; nth++) {
      const { text } = await say(proxy, get('/3'))
      assert.match(
        text,
        /^HTTP\/1.1 503 .*Retry-After: 1\r\n.* 2 requests wait .*\(BACKENDS_FULL\)/s,
      )
    }
    // While others are served the same goes on: still one line.
    held[0]!.answer()
    await until(() => held.length === 2)
    held[1]!.answer()
    assert.match((await drain(waiting[0]!)).text, / 200 /)
    for (const target of ['/4', '/5']) await queue(get(target))
    assert.match((await say(proxy, get('/6'))).text, / 503 /)
    assert.deepEqual(proxy.view().http!.answers, { BACKENDS_FULL: 4 })
    assert.equal(told('refused').length, 1)
    assert.equal(told('refused')[0]!.fields.code, 'BACKENDS_FULL')
    assert.equal(told('refused_over').length, 0)
    assert.equal(told('request_failed').length, 0)
  })

  it('get 503 when they have waited long enough, which says how long', async (t) => {
    const { held, pool, queue } = await full(t, { queueTimeoutMs: 300 })
    const client = await queue(keep(get('/late')))
    const answer = await hearing(client, /\(BACKENDS_FULL\)\n$/)
    assert.match(
      answer,
      /^HTTP\/1.1 503 .*Retry-After: 1\r\n.*within \d+\.\d s: all backends are full/s,
    )
    assert.ok(!answer.includes('Connection: close'))
    assert.equal(pool.queued, 0)
    held[0]!.answer()
    client.write(get('/next'))
    await until(() => held.length === 2)
    held[1]!.answer()
    assert.match((await drain(client)).text, /\/next$/)
  })

  it('give up their place when their client leaves', async (t) => {
    const { held, pool, proxy, queue } = await full(t)
    const leaving = [await queue(get('/1')), await queue(get('/2')), await queue(get('/3'))]
    const stays = await queue(get('/4'))
    leaving[0]!.destroy()
    leaving[1]!.resetAndDestroy()
    leaving[2]!.end()
    await until(() => pool.queued === 1)
    held[0]!.answer()
    await until(() => held.length === 2)
    held[1]!.answer()
    assert.match((await drain(stays)).text, /\/4$/)
    assert.equal((await settled(proxy)).ok, 2)
    assert.equal(proxy.view().http!.aborted, 3)
  })

  it('are not served when the backend is free only after they left', async (t) => {
    const { held, first, pool, proxy, queue } = await full(t)
    const second = await queue(get('/2'))
    // Both leave in one turn: whoever is served is gone already.
    first.destroy()
    second.destroy()
    await settled(proxy)
    assert.equal(pool.queued, 0)
    const third = open(proxy.address)
    third.write(get('/3'))
    await until(() => held.at(-1)!.target === '/3')
    held.at(-1)!.answer()
    assert.match((await drain(third)).text, /\/3$/)
  })

  it('hold back what is uploaded until they are served', async (t) => {
    const { held, queue } = await full(t)
    const size = 32 << 20
    const client = await queue(request('PUT', '/up', `Content-Length: ${size}`))
    client.write(Buffer.alloc(size))
    // It takes what the system holds, and then nothing for as long as it waits.
    let left = -1
    while (left !== client.writableLength) {
      left = client.writableLength
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.ok(left > size / 2, `${left} of ${size} bytes are not sent yet`)
    held[0]!.answer()
    await until(() => held.length > 1)
    await until(() => client.writableLength === 0)
    held[1]!.answer()
    assert.match((await drain(client)).text, / 200 .*\/up$/s)
  })

  it('are answered in order when they are pipelined, also those of HEAD', async (t) => {
    const { held, queue } = await full(t)
    const head = keep(get('/a')).replace('GET', 'HEAD')
    const client = await queue(`${head}${keep(get('/b'))}${get('/c')}`)
    const answers = drain(client)
    for (let nth = 0; nth < 4; nth++) {
      await until(() => held.length === nth + 1)
      held[nth]!.answer(nth === 1 ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n' : undefined)
    }
    const { text } = await answers
    assert.equal(text.match(/ 200 OK/g)!.length, 3)
    assert.match(text, /Length: 2\r\n(Date: [^\r]*\r\n)?\r\nHTTP.*\/bHTTP.*\/c$/s)
  })

  it('have no body when they are of HEAD and get 503', async (t) => {
    const { queue } = await full(t, { queueTimeoutMs: 100 })
    const { text } = await drain(await queue(get('/').replace('GET', 'HEAD')))
    assert.match(text, /^HTTP\/1.1 503 .*Retry-After: 1\r\n.*\r\n\r\n$/s)
  })

  it('get their 100 from the backend, when it is their turn', async (t) => {
    const { held, queue } = await full(t)
    const fields = ['Content-Length: 4', 'Expect: 100-continue']
    const client = await queue(request('POST', '/up', ...fields))
    held[0]!.answer()
    await until(() => held.length === 2)
    held[1]!.answer('HTTP/1.1 100 Continue\r\n\r\n')
    await hearing(client, / 100 Continue\r\n\r\n$/)
    client.write('body')
    held[1]!.answer()
    assert.match((await drain(client)).text, /\/up$/)
  })

  it('wait also after a try that failed', async (t) => {
    const held: Held[] = []
    const ports = [await deadPort(), await holding(t, held)]
    const poolOptions = { maxConnections: 1, queueTimeoutMs: 60_000 }
    const { pool, proxy } = await fronted(t, ports, { poolOptions, strategy: 'n-to-1' })
    const clients = [1, 2].map((nth) => {
      const client = open(proxy.address)
      client.write(get(`/${nth}`))
      return drain(client)
    })
    await until(() => held.length === 1 && pool.queued === 1)
    held[0]!.answer()
    await until(() => held.length === 2)
    held[1]!.answer()
    for (const { text } of await Promise.all(clients)) assert.match(text, / 200 /)
  })

  it('are served to the end when the proxy closes', async (t) => {
    const { held, first, proxy, queue } = await full(t)
    const clients = [first, await queue(get('/1')), await queue(get('/2'))].map((one) => drain(one))
    const ended = proxy.close(60_000)
    for (let nth = 0; nth < 3; nth++) {
      await until(() => held.length === nth + 1)
      held[nth]!.answer()
    }
    for (const { text } of await Promise.all(clients)) assert.match(text, / 200 .*close/s)
    assert.equal(await ended, 0)
  })

  it('get 503 when the grace of a closing proxy is over', async (t) => {
    const { first, pool, proxy, queue } = await full(t)
    const clients = [await queue(get('/1')), await queue(keep(get('/2')))].map((one) => drain(one))
    const broken = drain(first)
    assert.equal(await proxy.close(50), 3)
    for (const { text } of await Promise.all(clients)) assert.match(text, / 503 .*BACKENDS_FULL/s)
    assert.equal((await broken).ending, 'reset')
    assert.equal(pool.queued, 0)
  })

  it('are as many as 1,000 that fail the moment they are served', async (t) => {
    const { held, pool, proxy } = await full(t)
    // From its first answer on, the backend is known not to read chunks.
    const chunked = keep(request('POST', '/', 'Transfer-Encoding: chunked'))
    const clients = Array.from({ length: 1_000 }, () => open(proxy.address))
    t.after(() => clients.map((client) => client.destroy()))
    for (const client of clients) client.write(chunked)
    await until(() => pool.queued === clients.length)
    const answers = clients.map((client) => once(client, 'data'))
    held[0]!.answer('HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok')
    for (const [text] of await Promise.all(answers)) assert.match(String(text), / 411 /)
    for (const client of clients) client.destroy()
    assert.equal((await settled(proxy)).ok, 1)
  })
})
