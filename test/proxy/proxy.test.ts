import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatAddress } from '../../src/base/address.ts'
import { greeter } from '../support/backends.ts'
import { closed, drain, open, proxied, take, until, wired } from '../support/proxied.ts'

describe('a proxy', () => {
  it('tells where it listens, and what it does', async (t) => {
    const port = await greeter(t, 'a')
    const { proxy, told } = await proxied(t, [port])
    const where = formatAddress(proxy.address)
    assert.match(where, /^127\.0\.0\.1:[1-9]\d+$/)
    assert.equal(told('listening')[0]!.fields.address, where)
    const { address, mode, connections, pool } = proxy.view()
    assert.deepEqual([address, mode, pool.strategy], [where, 'tcp', 'round-robin'])
    assert.deepEqual(connections, { active: 0, total: 0, refused: 0 })
    assert.deepEqual(
      pool.backends.map(({ id, health }) => [id, health]),
      [[`127.0.0.1:${port}`, 'up']],
    )
  })

  it('cannot listen where another does, and says so', async (t) => {
    const { proxy } = await proxied(t, [1])
    const where = formatAddress(proxy.address)
    await assert.rejects(proxied(t, [1], { address: proxy.address }), {
      code: 'LISTEN',
      message: `cannot listen on ${where}: it is in use: stop what holds it, or choose another address`,
    })
  })

  it('closes clients beyond its limit, says so once, and counts them', async (t) => {
    const { connect, proxy, told } = await wired(t, { connectionsMax: 2 })
    const held = [await connect(), await connect()]
    for (let i = 0; i < 3; i++) {
      const client = open(proxy.address)
      await drain(client)
    }
    assert.deepEqual(proxy.view().connections, { active: 2, total: 2, refused: 3 })
    assert.equal(told('connection_limit').length, 1)
    assert.match(told('connection_limit')[0]!.sentence, /^2 clients are connected/)
    for (const { client, server } of held) {
      server.resume().end()
      client.end()
      await drain(client)
    }
    await until(() => proxy.view().connections.active === 0)
    const { client, server } = await connect()
    server.write('welcome')
    assert.equal(await take(client, 7), 'welcome')
  })

  it('breaks off a connection that is silent for too long', async (t) => {
    const { connect, proxy } = await wired(t, { idleTimeoutMs: 300 })
    const { client, server } = await connect()
    const startMs = performance.now()
    const endings = await Promise.all([drain(client), drain(server)])
    assert.deepEqual(
      endings.map(({ ending }) => ending),
      ['reset', 'reset'],
    )
    assert.ok(performance.now() - startMs >= 295)
    await until(() => proxy.view().connections.active === 0)
    assert.equal(proxy.view().pool.backends[0]!.active, 0)
  })

  it('keeps one that is silent in one direction only', async (t) => {
    const { connect } = await wired(t, { idleTimeoutMs: 300 })
    const { client, server } = await connect()
    let lastMs = 0
    let left = 12
    const timer = setInterval(() => {
      lastMs = performance.now()
      server.write('.')
      if (--left === 0) clearInterval(timer)
    }, 80)
    const { bytes } = await drain(client)
    assert.equal(bytes, 12)
    assert.ok(performance.now() - lastMs >= 295)
  })

  it('breaks off an idle connection whose client does not even read', async (t) => {
    const { connect, proxy } = await wired(t, { idleTimeoutMs: 300 })
    const { client, server } = await connect()
    client.pause()
    server.write(Buffer.alloc(32 << 20))
    server.resume()
    await closed(server)
    await until(() => proxy.view().connections.active === 0)
    assert.equal((await drain(client)).ending, 'reset')
  })
})

describe('the options of a proxy', () => {
  it('are refused at once when they are out of range, not at the first client', async (t) => {
    const wrong: [options: object, message: RegExp][] = [
      [{ connectTimeoutMs: Number.NaN }, /^connectTimeoutMs is 'NaN': a number from 0 wanted$/],
      [{ connectionsMax: -1 }, /^connectionsMax is '-1': a number from 0 wanted$/],
      [{ mode: 'http', http: { bodyTimeoutMs: '5' } }, /^bodyTimeoutMs is '5': a number from 0/],
      [{ mode: 'http', http: { pseudonym: 'a b' } }, /^pseudonym 'a b': visible ASCII /],
    ]
    for (const [options, message] of wrong) {
      await assert.rejects(proxied(t, [1], options), { name: 'RangeError', message })
    }
  })

  it('are not given when they are undefined, and know Infinity', async (t) => {
    const given = {
      pseudonym: undefined,
      trust: undefined,
      writeTimeoutMs: Number.POSITIVE_INFINITY,
    }
    const mode = 'http' as const
    const { proxy } = await proxied(t, [await greeter(t, ok)], { mode, http: given as object })
    const client = open(proxy.address)
    t.after(() => client.destroy())
    client.write('GET / HTTP/1.1\r\nHost: h\r\nVia: 1.1 another\r\n\r\n')
    assert.match(await take(client, 15), /^HTTP\/1.1 200 OK/)
    // Its refusal is given all the time it needs.
    client.write(' \r\n\r\n')
    assert.match((await drain(client)).text, /HTTP\/1.1 400 /)
  })

  it('take 0 for no limit', async (t) => {
    const none = { idleTimeoutMs: 0, connectTimeoutMs: 0, connectionsMax: 0 }
    const { connect, proxy } = await wired(t, none)
    const { client, server } = await connect()
    await new Promise((resolve) => setTimeout(resolve, 700))
    server.write('still there')
    assert.equal(await take(client, 11), 'still there')
    const ended = proxy.close(Number.POSITIVE_INFINITY)
    server.end('!')
    client.end()
    assert.equal((await drain(client)).text, '!')
    server.resume()
    assert.equal(await ended, 0)
  })
})

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'

describe('closing a proxy', () => {
  it('waits for the connections under way, and takes no new ones', async (t) => {
    const { connect, proxy, told } = await wired(t)
    const { client, server } = await connect()
    const ended = proxy.close(60_000)
    const late = open(proxy.address)
    await closed(late)
    server.resume().end('the rest')
    client.end()
    assert.equal((await drain(client)).text, 'the rest')
    assert.equal(await ended, 0)
    assert.equal(told('drain_start')[0]!.fields.connections, 1)
    assert.equal(told('drain_done')[0]!.fields.broken, 0)
  })

  it('breaks off what is left after the grace', async (t) => {
    const { connect, proxy, told } = await wired(t)
    const { client, server } = await connect()
    const endings = Promise.all([drain(client), drain(server)])
    assert.equal(await proxy.close(10), 1)
    assert.deepEqual(
      (await endings).map(({ ending }) => ending),
      ['reset', 'reset'],
    )
    assert.equal(told('drain_done')[0]!.fields.broken, 1)
    const { active, aborted } = proxy.view().pool.backends[0]!
    assert.deepEqual([active, aborted], [0, 1])
  })

  it('ends at once when nothing is under way, also twice', async (t) => {
    const { proxy, told } = await proxied(t, [1])
    assert.equal(await proxy.close(), 0)
    assert.equal(await proxy.close(), 0)
    assert.equal(told('drain_start').length, 0)
  })
})
