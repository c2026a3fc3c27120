import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { it, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Address } from '../../src/base/address.ts'
import type { ProxyView } from '../../src/proxy.ts'
import { backend } from '../support/backends.ts'
import { drain, open, until } from '../support/proxied.ts'

interface Facts {
  readonly events: Readonly<Record<string, number>>
  readonly rssBytes: number
  readonly view: ProxyView
}

/** A proxy in a process of its own that may open so many files. */
async function startProxy(t: TestContext, ports: readonly number[], filesMax: number) {
  const command = `ulimit -n ${filesMax}; exec "$0" --import tsx "$@"`
  const args = [
    '-c',
    command,
    process.execPath,
    'test/fixtures/proxy-process.ts',
    ...ports.map(String),
  ]
  const child = spawn('sh', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill())
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value ?? 'null')
  const address: Address = { host: '127.0.0.1', port: (await next()) as number }
  const facts = async (): Promise<Facts> => {
    child.stdin.write('\n')
    return (await next()) as Facts
  }
  return { address, facts, child }
}

it('mode tcp survives a lack of file descriptors, and serves again after it', async (t) => {
  const answer = (socket: Socket) =>
    socket.on('data', () => socket.end('b')).on('end', () => socket.end())
  const ports = [await backend(t, answer), await backend(t, answer)]
  const { address, facts, child } = await startProxy(t, ports, 64)
  for (let flood = 0; flood < 3; flood++) {
    const clients = Array.from({ length: 200 }, () => open(address).resume())
    // Those it has no room for are closed; the others stay.
    await until(
      () => clients.filter(({ closed, readableEnded }) => closed || readableEnded).length > 100,
    )
    assert.equal(
      (await facts()).view.pool.backends.filter(({ health }) => health === 'up').length,
      2,
    )
    for (const client of clients) client.destroy()
    let heard = ''
    while (heard !== 'b') {
      const client = open(address)
      client.write('?')
      heard = (await drain(client)).text
      client.destroy()
    }
  }
  while ((await facts()).view.connections.active > 0);
  const { events, view } = await facts()
  assert.equal(child.exitCode, null)
  assert.ok(view.pool.backends.every(({ active, health }) => active === 0 && health === 'up'))
  for (const [event, count] of Object.entries(events)) {
    assert.ok(count <= 10, `${count} lines say ${event}`)
  }
})

const sizeBytes = process.env.PILOTI_BIG === '1' ? 2 ** 30 : 2 ** 26
const piece = Buffer.alloc(2 ** 20, 'piloti carries load. ')

/** Sends it all, a piece after the other, and returns its digest. */
async function send(socket: Socket): Promise<string> {
  const hash = createHash('sha1')
  for (let sent = 0; sent < sizeBytes; sent += piece.length) {
    piece.writeUInt32LE(sent)
    const copy = Buffer.from(piece)
    hash.update(copy)
    if (!socket.write(copy)) await once(socket, 'drain')
  }
  socket.end()
  return hash.digest('hex')
}

/** Reads it all, and rests `restMs` after each megabyte. */
async function receive(socket: Socket, restMs: number): Promise<string> {
  const hash = createHash('sha1')
  let unrested = 0
  socket.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    unrested += chunk.length
    if (unrested < 2 ** 20 || restMs === 0) return
    unrested = 0
    socket.pause()
    setTimeout(() => socket.resume(), restMs)
  })
  await once(socket, 'end')
  return hash.digest('hex')
}

for (const [reader, restMs] of [
  ['fast', 0],
  ['slow', 2],
] as const) {
  const title = `mode tcp carries ${sizeBytes / 2 ** 20} MB each way at once to a ${reader} reader`
  it(`${title}, in flat memory`, { timeout: 600_000 }, async (t) => {
    const atBackend = deferred<string[]>()
    const port = await backend(t, (socket) => {
      Promise.all([send(socket), receive(socket, restMs)]).then(atBackend.resolve, atBackend.reject)
    })
    const { address, facts } = await startProxy(t, [port], 1_024)
    const beforeBytes = (await facts()).rssBytes
    let mostBytes = 0
    const watch = async (): Promise<void> => {
      while (mostBytes >= 0) {
        const { rssBytes } = await facts()
        if (mostBytes >= 0) mostBytes = Math.max(mostBytes, rssBytes)
        await pause(50)
      }
    }
    const watching = watch()
    const client = open(address)
    const [up, down] = await Promise.all([send(client), receive(client, restMs)])
    assert.deepEqual(await atBackend.promise, [down, up])
    const grownBytes = mostBytes - beforeBytes
    mostBytes = -1
    await watching
    assert.ok(grownBytes < 100e6, `grew by ${Math.round(grownBytes / 1e6)} MB`)
    t.diagnostic(`grew by ${Math.round(grownBytes / 1e6)} MB`)
    const [view] = (await facts()).view.pool.backends
    assert.deepEqual([view!.sentBytes, view!.receivedBytes], [sizeBytes, sizeBytes])
  })
}

/** Node 20 has no `Promise.withResolvers`. */
function deferred<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}
