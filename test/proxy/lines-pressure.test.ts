import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { abort } from '../../src/net/abort.ts'
import { open, until } from '../support/proxied.ts'
import { type Answer, answering, call, keeping, lined } from './line-servers.ts'

const timeout = 60_000
const stillMs = 300

/** Waits until `count` has stood still for a while. */
async function standstill(count: () => number): Promise<void> {
  let last = -1
  let sinceMs = performance.now()
  await until(() => {
    if (count() !== last) sinceMs = performance.now()
    last = count()
    return performance.now() - sinceMs > stillMs
  })
}

describe('a client of mode lines', { timeout }, () => {
  for (const kind of ['text', 'JSON'] as const) {
    it(`has so many messages of ${kind} under way, and no more`, async (t) => {
      const lines = { clientOutstandingMax: 10, outstandingMax: 100 }
      const { client, servers } = await lined(t, [keeping], { lines })
      const [server] = servers
      const talker = client()
      const textOf = (i: number): string => (kind === 'text' ? `${i}` : call(i, 'm'))
      talker.send(...Array.from({ length: 25 }, (_, i) => textOf(i)))
      await until(() => server!.got.length === 10)
      await standstill(() => server!.got.length)
      assert.equal(server!.got.length, 10)
      for (let i = 0; i < 25; i++) {
        await until(() => server!.got.length > i)
        const { line, say, socket } = server!.got[i]!
        answering('a')(line, say, socket)
      }
      await talker.take(25)
      assert.equal(server!.got.length, 25)
    })
  }

  it('that is answered out of order is not read for ever', async (t) => {
    const lines = { clientOutstandingMax: 10 }
    const { client, servers } = await lined(t, [keeping, answering('b')], { lines })
    const talker = client()
    talker.send(...Array.from({ length: 2_000 }, (_, i) => `${i}`))
    await until(() => servers[1]!.got.length === 5)
    await standstill(() => servers[1]!.got.length)
    assert.equal(servers[1]!.got.length, 5)
  })

  it('that never reads is not read from either, and others notice nothing', async (t) => {
    const answer = 'y'.repeat(10_000)
    const { client, proxy, servers } = await lined(t, [(_, say) => say(answer)])
    const before = process.memoryUsage().arrayBuffers
    const deaf = client()
    deaf.socket.pause()
    const piece = Buffer.from('x\n'.repeat(10_000))
    let sent = 0
    const push = (): void => {
      while (sent < 100 && deaf.socket.write(piece)) sent++
    }
    deaf.socket.on('drain', push)
    push()
    await until(() => servers[0]!.got.length > 100)
    await standstill(() => servers[0]!.got.length)
    const got = servers[0]!.got.length
    assert.ok(got < 5_000, `${got} of 1000000 messages came through`)
    const grownBytes = process.memoryUsage().arrayBuffers - before
    assert.ok(grownBytes < 48 << 20, `${grownBytes} bytes are held`)
    assert.deepEqual(await client().ask('1', '2'), [answer, answer])
    // And when it reads at last, it has lost nothing.
    let bytes = 0
    deaf.socket.on('data', (chunk: string) => {
      bytes += chunk.length
    })
    deaf.socket.resume()
    await until(() => bytes >= 5_000 * (answer.length + 1))
    assert.equal(proxy.view().lines!.aborted, 0)
  })

  it('that takes nothing for too long is reset', async (t) => {
    const answer = 'y'.repeat(60_000)
    const options = { lines: { writeTimeoutMs: 300 } }
    const { client, pool, proxy } = await lined(t, [(_, say) => say(answer)], options)
    const deaf = client()
    deaf.socket.pause()
    deaf.send(...Array.from({ length: 1_000 }, (_, i) => `${i}`))
    await until(() => proxy.view().connections.active === 0)
    await until(() => proxy.view().lines!.active === 0)
    assert.equal(pool.view().backends[0]!.active, 0)
    assert.deepEqual((await client().ask('1')).length, 1)
  })

  it('that lets too much lie is reset, before its time is over', async (t) => {
    const answer = 'y'.repeat(60_000)
    const held: (() => void)[] = []
    const { client, proxy } = await lined(t, [(_, say) => void held.push(() => say(answer))], {
      lines: { outstandingMax: 1_000 },
    })
    const deaf = client()
    deaf.socket.pause()
    deaf.send(...Array.from({ length: 1_000 }, (_, i) => `${i}`))
    await until(() => held.length === 1_000)
    for (const answer of held) answer()
    await until(() => proxy.view().connections.active === 0)
    await until(() => proxy.view().lines!.active === 0)
    assert.ok(proxy.view().lines!.aborted > 0)
  })

  it('that has much answered behind what is not is reset, too', async (t) => {
    const answer = 'y'.repeat(60_000)
    const held: (() => void)[] = []
    const holding: Answer = (_, say) => void held.push(() => say(answer))
    // In turn: the first message waits for ever, and with it the answers to every second one.
    const { client, proxy } = await lined(t, [keeping, holding], { lines: { outstandingMax: 500 } })
    const talker = client()
    talker.send(...Array.from({ length: 1_000 }, (_, i) => `${i}`))
    await until(() => held.length === 500)
    for (const say of held) say()
    assert.equal(await talker.ended, 'reset')
    await until(() => proxy.view().connections.active === 0)
  })

  it('that vanishes leaves its leases until the answers come, and nothing after', async (t) => {
    const { client, pool, proxy, servers } = await lined(t, [keeping])
    const [server] = servers
    const vanishing = client()
    vanishing.send('1', '2', call(3, 'm'))
    await until(() => server!.got.length === 3)
    abort(vanishing.socket)
    await until(() => proxy.view().connections.active === 0)
    assert.equal(pool.view().backends[0]!.active, 3)
    const other = client()
    other.send('4', call(4, 'm'))
    await until(() => server!.got.length === 5)
    for (const { line, say, socket } of server!.got) answering('a')(line, say, socket)
    const heard = await other.take(2)
    assert.ok(heard.includes('a 4'))
    await until(() => proxy.view().lines!.active === 0)
    const { aborted, active, ok } = pool.view().backends[0]!
    assert.deepEqual([aborted, active, ok], [3, 0, 2])
    assert.equal(proxy.view().lines!.aborted, 3)
  })
})

describe('a backend of mode lines that is full', { timeout }, () => {
  const poolOptions = { maxConnections: 2, queueTimeoutMs: 10_000 }

  it('gets as many messages as it may have; others wait in line, in order', async (t) => {
    const { client, pool, servers } = await lined(t, [keeping], { poolOptions })
    const [server] = servers
    const talker = client()
    talker.send('1', '2', '3', '4')
    await until(() => server!.got.length === 2 && pool.queued === 1)
    assert.equal(pool.view().backends[0]!.active, 2)
    for (let i = 0; i < 4; i++) {
      await until(() => server!.got.length > i)
      server!.got[i]!.say(`done ${server!.got[i]!.line}`)
    }
    assert.deepEqual(await talker.take(4), ['done 1', 'done 2', 'done 3', 'done 4'])
    assert.deepEqual([pool.queued, pool.view().backends[0]!.active], [0, 0])
  })

  it('is waited for no longer than the queue allows', async (t) => {
    const { client, pool, servers } = await lined(t, [keeping], {
      poolOptions: { maxConnections: 1, queueTimeoutMs: 300 },
    })
    const talker = client()
    talker.send('1', '2')
    await until(() => pool.queued === 1)
    await until(() => pool.queued === 0)
    servers[0]!.got[0]!.say('one')
    const heard = await talker.take(2)
    assert.equal(heard[0], 'one')
    assert.match(heard[1]!, /^error BACKENDS_FULL: '2': no backend had room within 0.3 s: all/)
  })

  it('turns away those beyond the queue at once', async (t) => {
    const { client, pool } = await lined(t, [keeping], {
      poolOptions: { maxConnections: 1, queueMax: 1, queueTimeoutMs: 10_000 },
    })
    client().send('1')
    await until(() => pool.view().backends[0]!.active === 1)
    client().send('2')
    await until(() => pool.queued === 1)
    const [line] = await client().ask('3')
    assert.match(line!, /^error BACKENDS_FULL: '3': all backends are full, and 1 messages wait/)
  })

  it('is no longer waited for by a client that has left', async (t) => {
    const { client, pool, proxy } = await lined(t, [keeping], {
      poolOptions: { maxConnections: 1, queueTimeoutMs: 10_000 },
    })
    client().send('1')
    await until(() => pool.view().backends[0]!.active === 1)
    const leaving = client()
    leaving.send('2')
    await until(() => pool.queued === 1)
    // More than is read of it: its reset is found by asking.
    leaving.socket.write(Buffer.alloc(8 << 20, 'x'))
    await standstill(() => leaving.socket.bytesWritten - leaving.socket.writableLength)
    abort(leaving.socket)
    await until(() => pool.queued === 0)
    assert.equal(proxy.view().lines!.aborted, 1)
  })
})

describe('the connections to a backend of mode lines', { timeout }, () => {
  for (const kind of ['text', 'JSON'] as const) {
    it(`have so many messages of ${kind} under way; others wait for room, fairly`, async (t) => {
      const lines = { outstandingMax: 2, backendConnectionsMax: 2 }
      const { client, pool, servers } = await lined(t, [keeping], { lines })
      const [server] = servers
      const textOf = (i: number): string => (kind === 'text' ? `${i}` : call(i, 'm'))
      const [a, b] = [client(), client()]
      a.send(...Array.from({ length: 20 }, (_, i) => textOf(i)))
      await until(() => server!.got.length === 4)
      b.send(textOf(100))
      await until(() => pool.view().backends[0]!.active === 6)
      const seen = new Set<string>()
      for (let i = 0; i < 21; i++) {
        await until(() => server!.got.length > i)
        const { line, say, socket } = server!.got[i]!
        if (line.includes('100')) seen.add(`after ${i}`)
        answering('a')(line, say, socket)
      }
      await Promise.all([a.take(20), b.take(1)])
      // One of the first client was parked before it, and no more.
      if (kind === 'text') assert.deepEqual([...seen], ['after 5'])
      assert.equal(server!.accepted, 2)
    })
  }

  it('wait for one that does not read, and give up on it', async (t) => {
    const lines = {
      ...{ backendConnectionsMax: 1, outstandingMax: 1_000, resend: true },
      ...{ writeTimeoutMs: 1_000, messageTimeoutMs: 2_000 },
    }
    const options = { lines, strategy: 'n-to-1' }
    const deaf: Answer = (_, __, socket) => void socket.pause()
    const { client, pool, proxy } = await lined(t, [deaf, answering('b')], options)
    const long = 'x'.repeat(60_000)
    const asked = Array.from({ length: 20 }, () => client().ask(...Array(20).fill(long)))
    await until(() => pool.view().backends[0]!.sentBytes > 1 << 20)
    await standstill(() => pool.view().backends[0]!.sentBytes)
    const { sentBytes } = pool.view().backends[0]!
    assert.ok(sentBytes < 16 << 20, `${sentBytes} bytes were given to a backend that does not read`)
    for (const heard of await Promise.all(asked))
      assert.deepEqual(new Set(heard), new Set([`b ${long}`]))
    assert.equal(proxy.view().lines!.active, 0)
    assert.deepEqual(proxy.view().lines!.errors, {})
  })

  it('are closed when they are idle for long, or their backend drains', async (t) => {
    const lines = { reuseTimeoutMs: 400 }
    const { client, pool, proxy, servers } = await lined(t, [answering('a')], { lines })
    await client().ask('1')
    assert.equal(proxy.view().lines!.backendConnections, 1)
    await until(() => servers[0]!.sockets.size === 0)
    assert.equal(proxy.view().lines!.backendConnections, 0)
    await client().ask('2', call(3, 'm'))
    pool.drain(`127.0.0.1:${servers[0]!.port}`)
    await turn()
    assert.equal(proxy.view().lines!.backendConnections, 0)
  })

  it('of a backend that drains end with their last answer', async (t) => {
    const { client, pool, proxy, servers } = await lined(t, [keeping])
    const talker = client()
    talker.send('1', call(2, 'm'))
    await until(() => servers[0]!.got.length === 2)
    pool.drain(`127.0.0.1:${servers[0]!.port}`)
    for (const { line, say, socket } of servers[0]!.got) answering('a')(line, say, socket)
    await talker.take(2)
    await until(() => servers[0]!.sockets.size === 0)
    assert.equal(proxy.view().lines!.backendConnections, 0)
    open(proxy.address).destroy()
  })
})
