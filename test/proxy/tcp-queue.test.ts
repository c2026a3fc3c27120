import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { abort } from '../../src/net/abort.ts'
import type { PoolOptions } from '../../src/pool/options.ts'
import { backend } from '../support/backends.ts'
import { drain, open, type Proxied, proxied, take, until } from '../support/proxied.ts'

interface Full extends Proxied {
  /** The backend's side of what it was given, in order. */
  readonly accepted: Socket[]
  readonly first: Socket
  /** Connects, and waits until that waits in line. */
  queue(greeting: string): Promise<Socket>
}

/** A proxy whose only backend takes one connection at a time, and has it. */
async function full(t: TestContext, poolOptions: PoolOptions = {}): Promise<Full> {
  const accepted: Socket[] = []
  const port = await backend(t, (socket) => accepted.push(socket))
  const limits = { maxConnections: 1, queueTimeoutMs: 60_000, ...poolOptions }
  const all = await proxied(t, [port], { poolOptions: limits })
  const connect = (greeting: string): Socket => {
    const client = open(all.proxy.address)
    t.after(() => client.destroy())
    client.write(greeting)
    return client
  }
  const first = connect('first')
  await until(() => accepted.length === 1)
  const queue = async (greeting: string): Promise<Socket> => {
    const { queued } = all.pool
    const client = connect(greeting)
    await until(() => all.pool.queued === queued + 1)
    return client
  }
  return { ...all, accepted, first, queue }
}

/** Ends the connection that the backend has. */
function finish(socket: Socket): void {
  socket.resume().end('done')
}

describe('connections for which all backends are full', { concurrency: 4, timeout: 30_000 }, () => {
  it('wait with their bytes unread, and are served first come, first served', async (t) => {
    const { accepted, first, pool, queue, told } = await full(t)
    const names = ['a', 'b', 'c', 'd']
    const clients: Socket[] = []
    for (const name of names) clients.push(await queue(name))
    const answers = clients.map((client) => drain(client))
    for (const client of [first, ...clients]) client.end()
    finish(accepted[0]!)
    for (const [i, name] of names.entries()) {
      await until(() => accepted.length === i + 2)
      const socket = accepted[i + 1]!
      assert.equal(await take(socket, 1), name)
      assert.equal(pool.backends[0]!.active, 1)
      finish(socket)
      assert.equal((await answers[i]!).text, 'done')
    }
    await until(() => pool.backends[0]!.active === 0)
    const { leases, ok } = pool.view().backends[0]!
    assert.deepEqual([leases, ok, pool.queued], [5, 5, 0])
    assert.equal(told('refused').length, 0)
  })

  it('are broken off when their time is over; told once, and counted', async (t) => {
    const { accepted, pool, proxy, queue, told } = await full(t, { queueTimeoutMs: 200 })
    const startMs = performance.now()
    const clients = [await queue('a'), await queue('b'), await queue('c')]
    const endings = await Promise.all(clients.map((client) => drain(client)))
    assert.ok(performance.now() - startMs >= 200)
    assert.deepEqual([...new Set(endings.map(({ ending }) => ending))], ['reset'])
    assert.deepEqual([pool.queued, accepted.length], [0, 1])
    assert.equal(proxy.view().connections.active, 1)
    assert.equal(told('refused').length, 1)
    assert.equal(told('refused')[0]!.fields.code, 'BACKENDS_FULL')
    assert.match(told('refused')[0]!.sentence, /no backend had room within 200 ms/)
  })

  it('are broken off at once when too many wait', async (t) => {
    const { accepted, proxy, queue, told } = await full(t, { queueMax: 1 })
    await queue('a')
    assert.equal((await drain(open(proxy.address))).ending, 'reset')
    assert.equal(told('refused')[0]!.fields.code, 'BACKENDS_FULL')
    abort(accepted[0]!)
    await until(() => accepted.length === 2)
    assert.equal(await take(accepted[1]!, 1), 'a')
  })

  it('leave the line when the client breaks off', async (t) => {
    const { accepted, pool, proxy, queue, told } = await full(t)
    const [gone, stays] = [await queue('gone'), await queue('stays')]
    abort(gone)
    await until(() => pool.queued === 1)
    assert.equal(proxy.view().connections.active, 2)
    abort(accepted[0]!)
    await until(() => accepted.length === 2)
    assert.equal(await take(accepted[1]!, 5), 'stays')
    stays.destroy()
    assert.equal(told('refused').length, 0)
  })

  it('leave it also when the backend is freed in the same moment', async (t) => {
    const { accepted, pool, proxy, queue } = await full(t)
    const clients: Socket[] = []
    for (let i = 0; i < 20; i++) clients.push(await queue(String(i)))
    const last = await queue('last')
    for (const client of clients) abort(client)
    abort(accepted[0]!)
    await until(() => accepted.length > 1)
    // At the most one was still there when it was looked at.
    while (String(await take(accepted.at(-1)!, 1)) !== 'l') {
      const { length } = accepted
      await until(() => accepted.length > length)
    }
    assert.ok(accepted.length <= 3, `${accepted.length}`)
    abort(last)
    await until(() => proxy.view().connections.active === 0)
    const { active, leases, ok, failed, aborted } = pool.view().backends[0]!
    assert.deepEqual([active, leases], [0, ok + failed + aborted])
  })

  it('stay when the client has only ended its own side', async (t) => {
    const { accepted, first, queue } = await full(t)
    const client = await queue('question')
    client.end()
    await once(client, 'finish')
    first.end()
    finish(accepted[0]!)
    await until(() => accepted.length === 2)
    assert.equal(await take(accepted[1]!, 8), 'question')
    finish(accepted[1]!)
    assert.equal((await drain(client)).text, 'done')
  })

  it('do not hold up an end of the proxy beyond its grace', async (t) => {
    const { proxy, queue, pool } = await full(t)
    const client = await queue('a')
    const ending = drain(client)
    assert.equal(await proxy.close(50), 2)
    assert.equal((await ending).ending, 'reset')
    await until(() => pool.queued === 0)
  })
})

describe('a backend of mode tcp', () => {
  it('that ends at once, without a word, has failed, and is ejected for it', async (t) => {
    const mute = await backend(t, (socket) => socket.resume().end())
    const well = await backend(t, (socket) => socket.resume().end('well'))
    const { pool, proxy, told } = await proxied(t, [mute, well])
    const heard = async (): Promise<string> => {
      const client = open(proxy.address)
      const { text } = await drain(client)
      client.destroy()
      return text
    }
    while (told('backend_ejected').length === 0) await heard()
    assert.equal(told('backend_ejected')[0]!.fields.backend, `127.0.0.1:${mute}`)
    assert.ok(pool.view().backends[0]!.failed >= 5)
    assert.equal(await heard(), 'well')
    assert.equal(await heard(), 'well')
  })

  it('that ends after its client did, without a word, has not failed', async (t) => {
    const port = await backend(t, (socket) => socket.resume().on('end', () => socket.end()))
    const { pool, proxy } = await proxied(t, [port])
    for (let i = 0; i < 8; i++) {
      const client = open(proxy.address)
      client.end('take this')
      assert.equal((await drain(client)).ending, 'fin')
    }
    await until(() => pool.backends[0]!.active === 0)
    assert.deepEqual([pool.view().backends[0]!.ok, pool.view().backends[0]!.failed], [8, 0])
  })
})
