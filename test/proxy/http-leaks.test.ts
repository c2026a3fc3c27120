import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { PoolOptions } from '../../src/pool/options.ts'
import { Pool } from '../../src/pool/pool.ts'
import { createProxy, type Proxy } from '../../src/proxy.ts'
import { createStrategy } from '../../src/strategies/index.ts'
import { backend } from '../support/backends.ts'
import { open, until } from '../support/proxied.ts'
import { ledger, request, settled } from './http-talk.ts'

const clients = 10_000
const atATime = 64
/** What a leak of a few bytes for each client would come to is far more. */
const growthLimitBytes = 2_000_000

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** Numbers below `n`, always the same for a seed (mulberry32). */
function dice(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }
}

const answer = Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n${'x'.repeat(50_000)}`)
const upload = Buffer.from(request('PUT', '/', 'Content-Length: 20000') + 'x'.repeat(20_000))
const waiting = Buffer.from(request('PUT', '/', 'Content-Length: 20000'))
const plain = Buffer.from(request('GET', '/'))

/** A backend that answers after each 20 KB of a body, or breaks off somewhere. */
function server(t: TestContext, breakOff: ((socket: Socket, got: number) => boolean) | undefined) {
  return backend(t, (socket) => {
    let got = 0
    let awaited = 0
    socket.on('end', () => socket.destroy())
    socket.on('data', (piece: Buffer) => {
      if (awaited === 0) awaited = piece.indexOf('\r\n\r\n') + 4 + 20_000
      got += piece.length
      if (breakOff?.(socket, got)) return
      if (got < awaited) return
      got = 0
      awaited = 0
      socket.write(answer)
    })
  })
}

async function front(
  t: TestContext,
  ports: readonly number[],
  options: PoolOptions = {},
): Promise<Proxy> {
  const specs = ports.map((port) => ({ address: { host: '127.0.0.1', port } }))
  // On a fast clock, so that a backend is left out for moments only.
  const pool = new Pool(specs, createStrategy('round-robin'), {
    now: () => Date.now() * 10_000,
    ...options,
  })
  const proxy = await createProxy({ pool })
  t.after(() => proxy.close(0))
  return proxy
}

/** Lets `count` clients live, a few at a time. */
async function crowd(count: number, live: () => Promise<void>): Promise<void> {
  let left = count
  const one = async (): Promise<void> => {
    while (left-- > 0) await live()
  }
  await Promise.all(Array.from({ length: atATime }, one))
}

function gone(socket: Socket): Promise<unknown> {
  return new Promise((resolve) => {
    if (socket.closed) resolve(undefined)
    else socket.on('close', resolve)
  })
}

/** What is in use when what can be collected has been, in bytes. */
async function memory(): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  for (let nth = 0; nth < 5; nth++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 20))
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    least = Math.min(least, heapUsed + arrayBuffers)
  }
  return least
}

/** Fails when something of `count` lives is left. */
async function assertClean(t: TestContext, proxy: Proxy, live: () => Promise<void>): Promise<void> {
  await crowd(clients / 5, live)
  await settled(proxy)
  const before = await memory()
  await crowd(clients, live)
  const sums = await settled(proxy)
  const growth = (await memory()) - before
  t.diagnostic(`${(growth / 1_000).toFixed(0)} KB more than before`)
  assert.ok(growth < growthLimitBytes, `${growth} bytes are left of ${clients} clients`)
  assert.ok(sums.ok > 0 && sums.ok + sums.failed + sums.aborted > clients / 2, JSON.stringify(sums))
  await proxy.close()
  assert.equal(proxy.view().http!.idleConnections, 0)
  assert.equal(ledger(proxy).active, 0)
}

/** Waits until no socket of this process but the listeners of backends is open. */
async function assertNoSockets(): Promise<void> {
  await until(() => !process.getActiveResourcesInfo().includes('TCPSocketWrap'))
}

describe(`${clients} clients`, { timeout: 60_000 }, () => {
  it('that leave at any moment leave nothing behind', async (t) => {
    const seed = Date.now() % 1_000_000
    t.diagnostic(`seed ${seed}`)
    const random = dice(seed)
    const proxy = await front(t, [await server(t, undefined), await server(t, undefined)])
    const leave = async (socket: Socket): Promise<void> => {
      socket[random(2) === 0 ? 'destroy' : 'resetAndDestroy']()
      await gone(socket)
    }
    await assertClean(t, proxy, async () => {
      const socket = open(proxy.address)
      const moment = random(6)
      if (moment === 0) return leave(socket)
      await new Promise((resolve) => socket.on('connect', resolve).on('close', resolve))
      const sent = [0, random(60), 80 + random(20_000), upload.length][Math.min(moment, 3)]!
      socket.write(upload.subarray(0, sent))
      for (let turns = random(4); turns > 0; turns--) await new Promise(setImmediate)
      if (moment < 4) return leave(socket)
      const enough = moment === 4 ? 1 : random(answer.length)
      let got = 0
      await new Promise<void>((resolve) => {
        socket.on('close', resolve).on('data', (piece) => {
          got += piece.length
          if (got >= enough) resolve()
        })
      })
      await leave(socket)
    })
    await assertNoSockets()
  })

  it('that leave while they wait in line leave nothing behind', async (t) => {
    const seed = Date.now() % 1_000_000
    t.diagnostic(`seed ${seed}`)
    const random = dice(seed)
    const limits = { maxConnections: 1, queueMax: 40, queueTimeoutMs: 60_000 }
    const proxy = await front(t, [await server(t, undefined)], limits)
    const first = open(proxy.address)
    first.write(waiting)
    await until(() => ledger(proxy).active === 1)
    const live = async (): Promise<void> => {
      const socket = open(proxy.address)
      const moment = random(3)
      await new Promise((resolve) => {
        socket.on('connect', () => moment === 0 && resolve(undefined))
        socket.write(moment === 1 ? waiting : plain, () => setTimeout(resolve, random(20)))
      })
      socket[random(2) === 0 ? 'destroy' : 'resetAndDestroy']()
      await gone(socket)
    }
    const left = (count: number): Promise<void> =>
      until(() => {
        const { active, total } = proxy.view().connections
        return active === 1 && total === count + 1
      })
    await crowd(clients / 5, live)
    await left(clients / 5)
    const before = await memory()
    await crowd(clients, live)
    await left(clients * 1.2)
    first.destroy()
    await settled(proxy)
    const growth = (await memory()) - before
    t.diagnostic(`${(growth / 1_000).toFixed(0)} KB more than before`)
    assert.ok(growth < growthLimitBytes, `${growth} bytes are left of ${clients} clients`)
    const { http, pool } = proxy.view()
    assert.ok(http!.requests > clients / 2)
    // Whoever was not turned away, because 40 waited, has waited: nobody but the first was ever served.
    assert.equal(http!.aborted + (http!.answers.BACKENDS_FULL ?? 0), http!.requests)
    assert.equal(pool.backends[0]!.leases, 1)
    assert.equal(pool.queued, 0)
    await proxy.close()
    await assertNoSockets()
  })

  it('whose backend breaks off at any moment leave nothing behind', async (t) => {
    const seed = Date.now() % 1_000_000
    t.diagnostic(`seed ${seed}`)
    const random = dice(seed)
    const breakOff = (socket: Socket, got: number): boolean => {
      const moment = random(8)
      if (moment === 0) socket.resetAndDestroy()
      else if (moment === 1) socket.destroy()
      else if (moment === 2) socket.end(answer.subarray(0, random(answer.length)))
      else if (moment === 3 && got > 10_000) {
        socket.write(answer.subarray(0, random(answer.length)), () => socket.resetAndDestroy())
      } else return false
      return true
    }
    const ports = [await server(t, breakOff), await server(t, breakOff), await server(t, undefined)]
    const proxy = await front(t, ports)
    await assertClean(t, proxy, async () => {
      const socket = open(proxy.address)
      socket.write(upload)
      socket.on('end', () => socket.destroy())
      await gone(socket.resume())
    })
    await assertNoSockets()
  })
})
