import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import dns from 'node:dns'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { blackHole, deadPort, echo, greeter } from '../support/backends.ts'
import { drain, hear, open, proxied, take, until, wired } from '../support/proxied.ts'

/** Sends `bytes` in pieces of these sizes, over and over, as fast as the socket takes them. */
async function send(socket: Socket, bytes: Buffer, sizes: readonly number[]): Promise<void> {
  for (let at = 0, piece = 0; at < bytes.length; piece++) {
    const size = sizes[piece % sizes.length]!
    if (!socket.write(bytes.subarray(at, at + size))) await once(socket, 'drain')
    at += size
  }
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

async function digestOf(socket: Socket): Promise<string> {
  const hash = createHash('sha256')
  socket.on('data', (chunk) => hash.update(chunk))
  await once(socket, 'end')
  return hash.digest('hex')
}

describe('mode tcp', () => {
  it('gives each connection to a backend', async (t) => {
    const ports = [await greeter(t, 'a'), await greeter(t, 'b'), await greeter(t, 'c')]
    assert.deepEqual(await hear(t, ports, 4), ['a', 'b', 'c', 'a'])
  })

  it('carries bytes both ways at once, however they are split', async (t) => {
    const { connect } = await wired(t)
    const stream = fc.record({
      size: fc.oneof(fc.nat(10), fc.nat(400_000)),
      pieces: fc.array(
        fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 900, max: 90_000 })),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
    })
    const property = fc.asyncProperty(stream, stream, async (up, down) => {
      const { client, server } = await connect()
      const [upwards, downwards] = [randomBytes(up.size), randomBytes(down.size)]
      const heard = [digestOf(server), digestOf(client)]
      // Tiny pieces of a long stream only cost time.
      const pieces = (sizes: readonly number[], size: number) => sizes.map((n) => n + (size >> 8))
      await Promise.all([
        send(client, upwards, pieces(up.pieces, up.size)).then(() => client.end()),
        send(server, downwards, pieces(down.pieces, down.size)).then(() => server.end()),
      ])
      assert.deepEqual(await Promise.all(heard), [digest(upwards), digest(downwards)])
    })
    await fc.assert(property, { numRuns: 25 })
  })

  it('lets the backend talk on after the client has ended', async (t) => {
    const { connect, proxy } = await wired(t)
    const { client, server } = await connect()
    client.end('question')
    assert.deepEqual(await drain(server), { text: 'question', bytes: 8, ending: 'fin' })
    const answer = randomBytes(3_000_000)
    const heard = digestOf(client)
    await send(server, answer, [70_000])
    server.end()
    assert.equal(await heard, digest(answer))
    await until(() => proxy.view().connections.active === 0)
    assert.equal(proxy.view().pool.backends[0]!.ok, 1)
  })

  it('lets the client talk on after the backend has ended', async (t) => {
    const { connect, proxy } = await wired(t)
    const { client, server } = await connect()
    server.end('welcome')
    assert.deepEqual(await drain(client), { text: 'welcome', bytes: 7, ending: 'fin' })
    const upload = randomBytes(3_000_000)
    const heard = digestOf(server)
    await send(client, upload, [70_000])
    client.end()
    assert.equal(await heard, digest(upload))
    await until(() => proxy.view().connections.active === 0)
    assert.equal(proxy.view().pool.backends[0]!.ok, 1)
  })

  it('keeps what a client sends before the backend is connected', async (t) => {
    const { proxy } = await proxied(t, [await echo(t)])
    const client = open(proxy.address)
    client.end('at once')
    assert.equal((await drain(client)).text, 'at once')
  })

  it('counts bytes, response times and outcomes', async (t) => {
    const { connect, proxy } = await wired(t)
    const { client, server } = await connect()
    client.write('12345')
    await take(server, 5)
    assert.equal(proxy.view().pool.backends[0]!.active, 1)
    assert.equal(proxy.view().pool.backends[0]!.responseTimes.count, 0)
    server.write('123')
    await take(client, 3)
    assert.equal(proxy.view().pool.backends[0]!.responseTimes.count, 1)
    server.end('45678')
    client.end('6')
    assert.equal((await drain(client)).bytes, 5)
    await until(() => proxy.view().connections.active === 0)
    const view = proxy.view().pool.backends[0]!
    assert.deepEqual([view.sentBytes, view.receivedBytes], [6, 8])
    assert.deepEqual([view.active, view.leases, view.ok], [0, 1, 1])
    assert.equal(view.responseTimes.count, 1)
    assert.ok(view.averageResponseTimeMs > 0)
  })

  it('takes the whole life of a connection that is never answered for its response time', async (t) => {
    const { connect, proxy } = await wired(t)
    const { client, server } = await connect()
    client.end()
    await drain(server)
    server.end()
    await until(() => proxy.view().connections.active === 0)
    assert.equal(proxy.view().pool.backends[0]!.responseTimes.count, 1)
  })

  it('listens on a Unix socket and dials one', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    const path = join(folder, 'backend.sock')
    const server = createServer((socket) => socket.end('over unix')).listen(path)
    t.after(() => {
      server.close()
      rmSync(folder, { recursive: true })
    })
    await once(server, 'listening')
    const address = { path: join(folder, 'proxy.sock') }
    const { proxy } = await proxied(t, [{ path }], { address })
    assert.deepEqual(proxy.address, address)
    assert.equal((await drain(open(proxy.address))).text, 'over unix')
    assert.equal(proxy.view().pool.backends[0]!.id, `unix:${path}`)
  })

  it('serves many short connections at a time', async (t) => {
    const { proxy } = await proxied(t, [await greeter(t, 'a'), await greeter(t, 'b')])
    const heard = await Promise.all(
      Array.from({ length: 400 }, async () => (await drain(open(proxy.address).end())).text),
    )
    assert.deepEqual(heard.sort().join(''), 'a'.repeat(200) + 'b'.repeat(200))
    await until(() => proxy.view().connections.active === 0)
    const { connections, pool } = proxy.view()
    assert.equal(connections.total, 400)
    assert.deepEqual(
      pool.backends.map(({ ok, active }) => [ok, active]),
      [
        [200, 0],
        [200, 0],
      ],
    )
  })
})

describe('mode tcp, when a backend cannot be connected to', () => {
  it('moves on without the client noticing', async (t) => {
    const ports = [await deadPort(), await greeter(t, 'b')]
    assert.deepEqual(await hear(t, ports, 3), ['b', 'b', 'b'])
  })

  it('moves on when it does not answer in time', async (t) => {
    const { proxy, told } = await proxied(t, [await blackHole(t), await greeter(t, 'b')], {
      connectTimeoutMs: 100,
    })
    assert.equal((await drain(open(proxy.address))).text, 'b')
    assert.match(String(told('backend_down')[0]?.sentence), /timed out after 100 ms/)
    assert.equal(proxy.view().pool.backends[0]!.health, 'down')
  })

  it('tries two more, and then closes the connection', async (t) => {
    const ports = [await deadPort(), await deadPort(), await deadPort(), await greeter(t, 'd')]
    const { proxy, told } = await proxied(t, ports)
    const { bytes, ending } = await drain(open(proxy.address))
    assert.deepEqual([bytes, ending], [0, 'reset'])
    assert.equal(told('backend_down').length, 3)
    assert.equal((await drain(open(proxy.address))).text, 'd')
  })

  it('says once that clients are turned away, and how many when that is over', async (t) => {
    const port = await deadPort()
    const { proxy, told } = await proxied(t, [port])
    for (let i = 0; i < 5; i++) assert.equal((await drain(open(proxy.address))).bytes, 0)
    assert.equal(told('refused').length, 1)
    assert.equal(told('refused')[0]!.fields.code, 'BACKEND_CONNECT')
    assert.equal(told('backend_down').length, 1)
    assert.equal(proxy.view().connections.active, 0)

    await greeter(t, 'back', port)
    let tries = 0
    while ((await drain(open(proxy.address))).text !== 'back') tries++
    assert.deepEqual(
      told('refused_over').map(({ fields }) => fields.refused),
      [5 + tries],
    )
    assert.equal(told('backend_up').length, 1)
    assert.equal(told('refused').length, 1)
  })

  it('lets go of a backend that answers when the client was broken off already', async (t) => {
    const port = await echo(t)
    const { proxy } = await proxied(t, [{ host: 'localhost', port }])
    const lookedUp = new Promise<() => void>((resolve) => {
      t.mock.method(dns, 'lookup', (_host: string, _options: object, found: Found) => {
        resolve(() => found(null, [{ address: '127.0.0.1', family: 4 }]))
      })
    })
    const client = open(proxy.address)
    const goOn = await lookedUp
    const closed = proxy.close(0)
    assert.equal((await drain(client)).ending, 'reset')
    assert.equal(await closed, 1)
    goOn()
    await until(() => proxy.view().connections.active === 0)
    const { active, aborted } = proxy.view().pool.backends[0]!
    assert.deepEqual([active, aborted], [0, 1])
  })
})

type Found = (error: null, addresses: readonly dns.LookupAddress[]) => void
