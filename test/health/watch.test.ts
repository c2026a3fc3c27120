import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { Address } from '../../src/base/address.ts'
import { type Log, silent } from '../../src/base/log.ts'
import type { Finding, Probe } from '../../src/health/probe.ts'
import { createProbe } from '../../src/health/spec.ts'
import { createWatch, type WatchOptions } from '../../src/health/watch.ts'
import { Pool } from '../../src/pool/pool.ts'
import { roundRobin } from '../../src/strategies/round-robin.ts'
import { backTo, held } from '../net/leaks.ts'
import { blackHole, deadPort } from '../support/backends.ts'
import { until } from '../support/proxied.ts'

const well: Finding = { isWell: true, reason: '', hasAnswered: true }
const bad: Finding = { isWell: false, reason: 'told to', hasAnswered: true }
const quick = { intervalMs: 20, unsettledIntervalMs: 5, timeoutMs: 500 }

const specOf = (port: number) => ({ address: { host: '127.0.0.1', port } })
const portOf = (address: Address): number => ('port' in address ? address.port : 0)

/** A pool that is probed, and all it tells, as `event port reason`. */
function setUp(ports: readonly number[]) {
  const options = { isProbed: true, failOpen: false, slowStartMs: 0 }
  const pool = new Pool(ports.map(specOf), roundRobin(), options)
  const told: string[] = []
  pool.onTransition(({ event, backend, reason }) => {
    told.push([event, backend && portOf(backend.address), reason].filter(Boolean).join(' '))
  })
  const healths = (): string[] => pool.view().backends.map(({ health }) => health)
  return { pool, told, healths }
}

function watch(t: TestContext, pool: Pool, probe: Probe, options: WatchOptions = quick, log?: Log) {
  const watch = createWatch(pool, probe, options, log)
  t.after(() => watch.close())
  return watch
}

/** An HTTP server that answers `/health` on that port, until it is stopped. */
async function serve(t: TestContext, port = 0): Promise<{ port: number; stop(): Promise<void> }> {
  const server: Server = createServer((_request, response) => response.end('ok'))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    const closed = once(server.close(), 'close')
    server.closeAllConnections()
    await closed
  }
  t.after(stop)
  return { port: (server.address() as AddressInfo).port, stop }
}

describe('a watch', () => {
  it('looks at those that come and go, and not at all others each time', async (t) => {
    const { pool } = setUp([1])
    watch(t, pool, async () => well)
    let looks = 0
    const get = pool.get.bind(pool)
    pool.get = (id) => {
      looks++
      return get(id)
    }
    const count = 1_000
    for (const first of [2, 2 + count]) {
      pool.update(Array.from({ length: count }, (_, i) => specOf(first + i)))
    }
    assert.ok(looks < 10 * count, `${looks} looks for ${count} backends`)
  })

  it('asks all at once in the beginning, and is ready when the last has answered', async (t) => {
    const { pool, healths } = setUp([1, 2, 3])
    const answers: ((finding: Finding) => void)[] = []
    const { ready } = watch(t, pool, () => new Promise((resolve) => answers.push(resolve)))
    let isReady = false
    void ready.then(() => {
      isReady = true
    })
    assert.equal(answers.length, 3)
    answers[0]!(well)
    answers[1]!(bad)
    await until(() => healths()[1] === 'down')
    assert.deepEqual(healths(), ['up', 'down', 'unknown'])
    assert.equal(isReady, false)
    answers[2]!(well)
    await ready
    assert.deepEqual(healths(), ['up', 'down', 'up'])
  })

  it('is ready at once for a pool of none, and when it is closed', async (t) => {
    await watch(t, setUp([]).pool, async () => well).ready
    const closing = watch(t, setUp([1]).pool, () => new Promise(() => {}))
    closing.close()
    await closing.ready
  })

  it('waits no longer than told, and warns', async (t) => {
    const warned: unknown[] = []
    const log: Log = { ...silent, warn: (...line) => warned.push(line) }
    const never: Probe = (address) =>
      portOf(address) === 1 ? Promise.resolve(well) : new Promise(() => {})
    await watch(t, setUp([1, 2]).pool, never, { ...quick, readyTimeoutMs: 30 }, log).ready
    const sentence = '1 of 2 backends have not ended their first probe: serving anyway'
    assert.deepEqual(warned, [['health_slow', sentence, { backends: ['127.0.0.1:2'] }]])
  })

  it('takes a backend out after `fall` bad probes in a row, and back after `rise` good ones', async (t) => {
    const { pool, told } = setUp([1])
    const script = [well, bad, bad, well, bad, bad, bad, well, bad, well, well]
    const seen: string[] = []
    let step = 0
    watch(t, pool, async () => {
      if (step <= script.length) seen.push(`${step} ${pool.view().backends[0]!.health}`)
      return script[step++] ?? well
    })
    await until(() => step > script.length)
    const healths = ['unknown', ...Array(6).fill('up'), ...Array(4).fill('down'), 'up']
    assert.deepEqual(
      seen,
      healths.map((health, index) => `${index} ${health}`),
    )
    assert.deepEqual(told, ['backend_down 1 3 failed probes: told to', 'backend_up 1'])
  })

  it('follows real backends that die and come back', async (t) => {
    const servers = [await serve(t), await serve(t)]
    const { pool, told, healths } = setUp(servers.map(({ port }) => port))
    await watch(t, pool, createProbe({ kind: 'http', path: '/health' })).ready
    assert.deepEqual(healths(), ['up', 'up'])
    const { port } = servers[0]!
    for (let round = 1; round <= 3; round++) {
      told.length = 0
      await servers[0]!.stop()
      await until(() => healths()[0] === 'down')
      servers[0] = await serve(t, port)
      await until(() => healths()[0] === 'up')
      assert.match(
        told[0]!,
        new RegExp(`^backend_down ${port} 3 failed probes: (connect|read) ECON`),
      )
      assert.deepEqual(told.slice(1), [`backend_up ${port}`])
    }
    assert.equal(healths()[1], 'up')
  })

  it('brings back what its work has taken out', async (t) => {
    const { port } = await serve(t)
    const { pool, told } = setUp([port])
    await watch(t, pool, createProbe({ kind: 'tcp' }), { ...quick, intervalMs: 60_000 }).ready
    pool.lease('')!.release('failed', undefined, 'refused')
    await until(() => told.length === 2)
    assert.deepEqual(told, [`backend_down ${port} refused`, `backend_up ${port}`])
  })

  it('asks what could not be asked again, and reports nothing of it', async (t) => {
    const { pool, told, healths } = setUp([1])
    const findings = [undefined, undefined, well, undefined, undefined, undefined, undefined, well]
    let asked = 0
    await watch(t, pool, async () => findings[asked++]).ready
    assert.equal(asked, 3)
    await until(() => asked > findings.length)
    assert.deepEqual([healths(), told], [['up'], []])
  })

  it('takes a probe that throws for a bad one', async (t) => {
    const { pool } = setUp([1, 2])
    const probe: Probe = (address) => {
      if (portOf(address) === 1) throw new Error('thrown')
      return Promise.reject(new Error('rejected'))
    }
    await watch(t, pool, probe).ready
    const reasons = pool.view().backends.map(({ reason }) => reason)
    assert.deepEqual(reasons, ['a failed probe: Error: thrown', 'a failed probe: Error: rejected'])
  })

  it('warns once of what a backend says that makes no sense', async (t) => {
    const warned: unknown[] = []
    const log: Log = { ...silent, warn: (...line) => warned.push(line) }
    const ignored = ['load is "x"', 'load is "x"', undefined, 'load is "y"', 'load is "y"']
    let asked = 0
    const probe: Probe = async () => {
      const what = ignored[asked++]
      return what === undefined ? well : { ...well, ignored: what }
    }
    watch(t, setUp([1]).pool, probe, quick, log)
    await until(() => asked > ignored.length)
    const line = (reason: string) => {
      const sentence = `backend 127.0.0.1:1 says what makes no sense: ${reason}`
      return ['health_ignored', sentence, { backend: '127.0.0.1:1', reason }]
    }
    assert.deepEqual(warned, [line('load is "x"'), line('load is "y"')])
  })

  it('refuses times and counts that cannot be', () => {
    const { pool } = setUp([])
    for (const wrong of [
      { intervalMs: 0 },
      { timeoutMs: Number.NaN },
      { rise: 0 },
      { fall: 1.5 },
    ]) {
      assert.throws(() => createWatch(pool, async () => well, wrong), RangeError)
    }
  })
})

describe('the pauses of a watch', () => {
  /** What it asks its timers for, of a pool with one backend and `drawn` for every random number. */
  async function pauses(t: TestContext, drawn: number, findings: readonly Finding[]) {
    const { pool } = setUp([1])
    const set: number[] = []
    const real = setTimeout
    t.mock.method(globalThis, 'setTimeout', (then: () => void, ms: number) => {
      set.push(ms)
      return real(then, ms > 2_999 ? ms : 0)
    })
    let asked = 0
    const probe: Probe = async () => findings[asked++]
    const loop = createWatch(pool, probe, { random: () => drawn })
    while (asked <= findings.length) await setImmediate()
    loop.close()
    t.mock.restoreAll()
    return set.slice(1, 1 + findings.length) // The first is that of `ready`.
  }
  /** Less is only what has passed since the probe began. */
  const isJust = (ms: number, wantedMs: number): boolean =>
    ms <= wantedMs && (wantedMs <= 500 || ms > 500)

  it('are spread after the first round, and then the interval within a tenth', async (t) => {
    for (const [drawn, wanted] of [
      [0, [0, 1_800, 1_800]],
      [0.5, [1_000, 2_000, 2_000]],
      [0.99, [1_980, 2_196, 2_196]],
    ] as const) {
      const set = await pauses(t, drawn, [well, well, well])
      for (const [index, ms] of wanted.entries()) assert.ok(isJust(set[index]!, ms), `${set}`)
    }
  })

  it('are short while the health may soon be another', async (t) => {
    const findings = [well, bad, bad, bad, bad, well, well]
    const set = await pauses(t, 0.5, findings)
    const wanted = [1_000, 500, 500, 2_000, 2_000, 500, 2_000]
    for (const [index, ms] of wanted.entries())
      assert.ok(isJust(set[index]!, ms), `${index}: ${set}`)
  })
})

describe('a watch of a changing pool', () => {
  it('asks those that are added at once, and those that are removed no more', async (t) => {
    const { pool, healths } = setUp([1, 2])
    const asked: number[] = []
    const probe: Probe = async (address) => {
      asked.push(portOf(address))
      return well
    }
    await watch(t, pool, probe).ready
    const lease = pool.lease('')! // It keeps its backend after it is removed.
    const removed = portOf(lease.backend.address)
    pool.update([specOf(3 - removed), specOf(3)])
    assert.equal(asked.at(-1), 3)
    await until(() => healths().every((health) => health === 'up'))
    asked.length = 0
    await until(() => asked.length > 20)
    assert.deepEqual(new Set(asked), new Set([3, 3 - removed]))
    lease.release('ok')
    pool.update([specOf(3)])
    asked.length = 0
    await until(() => asked.length > 5)
    assert.deepEqual(new Set(asked), new Set([3]))
  })

  it('goes on asking those that drain', async (t) => {
    const { pool } = setUp([1])
    let asked = 0
    const loop = watch(t, pool, async () => {
      asked++
      return well
    })
    await loop.ready
    pool.drain('127.0.0.1:1')
    asked = 0
    await until(() => asked > 3)
  })

  it('keeps to its limit, and never asks one twice at a time', async (t) => {
    const { pool } = setUp([])
    const running = new Set<number>()
    const most = { running: 0, asked: 0 }
    const probe: Probe = async (address, _timeoutMs, signal) => {
      const port = portOf(address)
      assert.ok(!running.has(port), `${port} is asked twice at a time`)
      running.add(port)
      most.running = Math.max(most.running, running.size)
      most.asked++
      for (let i = most.asked % 5; i >= 0 && !signal.aborted; i--) await setImmediate()
      running.delete(port)
      return port % 3 === 0 && most.asked % 2 === 0 ? bad : well
    }
    const options = { intervalMs: 2, unsettledIntervalMs: 1, timeoutMs: 100, probesMax: 4 }
    watch(t, pool, probe, options)
    for (let round = 0; round < 200; round++) {
      const ports = Array.from({ length: 12 }, (_, i) => i + 1)
      pool.update(ports.filter((port) => (port * 7 + round) % 5 > 1).map(specOf))
      await setImmediate()
    }
    pool.update([specOf(1)])
    await until(() => pool.view().backends.every(({ health }) => health === 'up'))
    assert.ok(most.asked > 100)
    assert.equal(most.running, 4)
  })

  it('leaves nothing behind, however often it is started and closed', async (t) => {
    const ports = [(await serve(t)).port, await deadPort(), await blackHole(t)]
    const { pool } = setUp(ports)
    const before = held()
    for (let round = 0; round < 200; round++) {
      const probe = createProbe({ kind: round % 2 === 0 ? 'tcp' : 'http' })
      const loop = createWatch(pool, probe, { ...quick, timeoutMs: 60_000 })
      for (let turn = round % 7; turn > 0; turn--) await setImmediate()
      if (round % 3 === 0) pool.update(ports.slice(round % 2).map(specOf))
      loop.close()
      await loop.ready
      loop.close()
    }
    await backTo(before)
  })

  for (const [name, kind] of [
    ['tcp', { kind: 'tcp' }],
    ['http', { kind: 'http' }],
  ] as const) {
    it(`piles up no listeners, however often it asks one backend (${name})`, async (t) => {
      const warnings: Error[] = []
      const warn = (warning: Error): number => warnings.push(warning)
      process.on('warning', warn)
      t.after(() => process.off('warning', warn))
      const { port } = await serve(t)
      const { pool } = setUp([port])
      let asked = 0
      const probe = createProbe(kind)
      watch(
        t,
        pool,
        (...args) => {
          asked++
          return probe(...args)
        },
        { ...quick, intervalMs: 2 },
      )
      await until(() => asked > 30)
      assert.deepEqual(warnings, [])
    })
  }

  it('may be closed by who hears of what it reports', async (t) => {
    const { pool } = setUp([1])
    let asked = 0
    const findings = [well, bad, bad, bad]
    const loop = watch(t, pool, async () => findings[asked++])
    pool.onTransition(() => loop.close())
    await until(() => asked === 4)
    const before = held()
    for (let turn = 0; turn < 50; turn++) await setImmediate()
    await backTo({ ...before, Timeout: 0 })
    assert.equal(asked, 4)
  })
})
