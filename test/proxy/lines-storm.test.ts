import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { it, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { abort } from '../../src/net/abort.ts'
import { backTo, held } from '../net/leaks.ts'
import { open, until } from '../support/proxied.ts'
import {
  type Answer,
  answering,
  call,
  deadServer,
  fronting,
  LineClient,
  LineServer,
  lineServer,
} from './line-servers.ts'

/** Numbers below `n`, always the same for a seed (mulberry32). */
function dice(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n
  }
}

/** A context whose end comes before that of the test. */
function scope(t: TestContext): { context: TestContext; end: () => Promise<void> } {
  const hooks: (() => unknown)[] = []
  const after = (hook: () => unknown): void => void hooks.push(hook)
  t.after(() => end())
  const end = async (): Promise<void> => {
    for (const hook of hooks.splice(0).reverse()) await hook()
  }
  return { context: { after } as unknown as TestContext, end }
}

/** A server of lines that can end, and come back at its port. */
class Mortal extends LineServer {
  readonly #listener: Server = createServer((socket) => {
    socket.on('error', () => {})
    this.serve(socket)
  })

  async start(): Promise<void> {
    this.#listener.listen(this.port, '127.0.0.1')
    await once(this.#listener, 'listening')
    this.port = (this.#listener.address() as AddressInfo).port
  }

  stop(): void {
    this.#listener.close()
  }
}

const messages = 20_000
const clients = 40
const deaths = 25

it(`${messages} messages are each answered once and right while backends die and come back`, {
  timeout: 120_000,
}, async (t) => {
  const seed = Date.now() % 1_000_000
  t.diagnostic(`seed ${seed}`)
  const random = dice(seed)
  const names = ['a', 'b', 'c', 'd']
  /** One answer in twenty is late; none is lost but by the end of a connection. */
  const doing =
    (name: string): Answer =>
    (line, say, socket) => {
      const answer = (): void => {
        if (!socket.destroyed) answering(name)(line, say, socket)
      }
      if (random(20) === 0) setTimeout(answer, random(20))
      else answer()
    }
  const servers = await Promise.all(
    names.map(async (name) => {
      const server = new Mortal(doing(name))
      await server.start()
      t.after(() => {
        server.stop()
        server.kill()
      })
      return server
    }),
  )
  const { pool, proxy } = await fronting(t, servers, {
    ...{ lines: { resend: true }, strategy: 'least-connections', poolOptions: { ejects: false } },
  })
  const perClient = messages / clients
  let kills = 0
  let sent = 0
  let answered = 0
  const maySend = (): boolean => sent < ((kills + 1) * messages) / deaths || kills === deaths
  const under = new Set<string>()
  /** A message meets one death: all that were there at one are answered before the next. */
  const killing = async (): Promise<void> => {
    for (; kills < deaths; kills++) {
      const server = servers[kills % servers.length]!
      const isLong = kills % 5 === 4
      if (isLong) server.stop()
      server.kill()
      // The proxy has heard of it, and given away what was there.
      for (let i = 0; i < 50; i++) await turn()
      const there = [...under]
      await until(() => !there.some((key) => under.has(key)))
      if (isLong) await server.start()
    }
  }
  const work = Array.from({ length: clients }, async (_, c) => {
    const client = new LineClient(proxy.address)
    t.after(() => client.socket.destroy())
    const open = new Set<number>()
    let next = 0
    while (next < perClient || open.size > 0) {
      // There is work at each death.
      if (open.size === 0) await until(maySend)
      const most = maySend() ? Math.min(1 + random(30), perClient - next) : 0
      const more = Array.from({ length: most }, () => next++)
      sent += more.length
      for (const id of more) {
        open.add(id)
        under.add(`${c} ${id}`)
      }
      client.send(...more.map((id) => call(id, 'sum', c, id)))
      const wanted = next === perClient || most === 0 ? open.size : 1 + random(open.size)
      for (const line of await client.take(wanted)) {
        const { id, result } = JSON.parse(line)
        assert.ok(open.delete(id), `${id} was answered twice, or never asked`)
        assert.deepEqual(result?.params, [c, id], line)
        under.delete(`${c} ${id}`)
        answered++
      }
    }
    assert.deepEqual(client.lines, [])
  })
  const killed = killing()
  await Promise.all(work)
  await killed
  assert.equal(answered, messages)
  const { active, answers, errors, retries } = proxy.view().lines!
  assert.deepEqual([active, answers, errors], [0, messages, {}])
  assert.ok(retries > 0, 'nothing was repeated')
  t.diagnostic(`${retries} retries`)
  for (const { active, aborted, failed, leases, ok } of pool.view().backends) {
    assert.deepEqual([active, leases], [0, ok + failed + aborted])
    assert.ok(ok > 0)
  }
})

const visits = 4_000
const atATime = 60

/** The ways in which a client behaves. */
function manners(random: (n: number) => number): readonly ((socket: Socket) => void)[] {
  const whole = (): string =>
    Array.from({ length: 1 + random(20) }, (_, i) =>
      random(2) ? `${i}\n` : `${call(i, 'm')}\n`,
    ).join('')
  const some = (): string => whole().slice(0, -random(3) || undefined)
  return [
    (socket) => void socket.end(some()),
    (socket) => void socket.write(some(), () => abort(socket)),
    (socket) => void socket.write(some(), () => socket.destroy()),
    (socket) => void socket.once('data', () => abort(socket)).write(whole()),
    (socket) => void socket.once('data', () => socket.end(some())).write(whole()),
    (socket) => void socket.end('{\n[]\n\xff\n'),
    (socket) => void socket.end('y'.repeat(100_000)),
    (socket) => abort(socket),
    (socket) => void socket.end(),
  ]
}

it(`mode lines holds nothing after ${visits} clients that came and went in every way`, {
  timeout: 120_000,
}, async (t) => {
  const before = held()
  const seed = Date.now() % 1_000_000
  t.diagnostic(`seed ${seed}`)
  const random = dice(seed)
  const { context, end } = scope(t)
  const mixed: Answer = (line, say, socket) => {
    const chance = random(400)
    if (chance === 0) abort(socket)
    else if (chance === 1) socket.end()
    else if (chance === 2) say('garbage')
    else if (chance > 5) answering('a')(line, say, socket)
  }
  const servers = [
    await lineServer(context, mixed),
    await lineServer(context, mixed),
    await deadServer(),
  ]
  const { pool, proxy } = await fronting(context, servers, {
    idleTimeoutMs: 1_000,
    lines: { messageTimeoutMs: 500, resend: true, outstandingMax: 8, backendConnectionsMax: 2 },
    poolOptions: { maxConnections: 40, queueTimeoutMs: 500 },
  })
  const behave = manners(random)
  let begun = 0
  const visit = async (): Promise<void> => {
    while (begun++ < visits) {
      const socket = open(proxy.address)
      await new Promise((resolve) => {
        socket.on('close', resolve)
        socket.on('connect', () => behave[random(behave.length)]!(socket))
        socket.on('end', () => socket.end())
        socket.on('data', () => {})
      })
    }
  }
  await Promise.all(Array.from({ length: atATime }, visit))
  await until(() => proxy.view().connections.active === 0)
  await until(() => proxy.view().lines!.active === 0)
  await end()
  await backTo(before)
  assert.equal(proxy.view().lines!.backendConnections, 0)
  for (const { active, aborted, failed, id, leases, ok } of pool.view().backends) {
    assert.deepEqual([active, leases], [0, ok + failed + aborted], id)
  }
  assert.equal(pool.queued, 0)
})
