import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import type { Pool } from '../../src/pool/pool.ts'
import { createProxy, type ProxyOptions, type Route } from '../../src/proxy.ts'
import { deadPort, greeter } from '../support/backends.ts'
import { drain, open, proxied, take, wired } from '../support/proxied.ts'
import { poolOf } from './asked.ts'

const routeTo = (pool: Pool): Route => ({ to: [{ destination: { pool }, weight: 1 }] })

describe('updating a proxy of mode tcp', () => {
  it('is for new connections: those under way stay where they are', async (t) => {
    const { connect, proxy, pool } = await wired(t)
    const { client, server } = await connect()
    const next = poolOf(await greeter(t, 'next'))
    proxy.update({ pool: next })
    assert.equal((await drain(open(proxy.address))).text, 'next')
    server.write('still here')
    assert.equal(await take(client, 10), 'still here')
    assert.equal(pool.backends[0]!.active, 1)
    assert.equal(proxy.view().pool.backends[0]!.id, next.backends[0]!.id)
    // What is not given is the default again, but for where the work goes.
    proxy.update({ idleTimeoutMs: 300 })
    assert.equal((await drain(open(proxy.address))).text, 'next')
    client.end()
    server.resume().end()
    assert.equal((await drain(client)).ending, 'fin')
  })

  it('takes a time limit for new connections alone', async (t) => {
    const { connect, proxy } = await wired(t)
    const before = await connect()
    proxy.update({ idleTimeoutMs: 300 })
    const after = await connect()
    assert.equal((await drain(after.client)).ending, 'reset')
    before.server.write('!')
    assert.equal(await take(before.client, 1), '!')
  })

  it('keeps a client on a backend by its network, with any affinity', async (t) => {
    const keys: string[] = []
    const strategy = {
      name: 'noting',
      pick: <C>(candidates: readonly [C, ...C[]], key: string): C => {
        keys.push(key)
        return candidates[0]
      },
    }
    const pool = poolOf(await greeter(t, 'a'))
    pool.use(strategy)
    const proxy = await createProxy({ pool, mode: 'tcp', address: { host: '::1', port: 0 } })
    t.after(() => proxy.close(0))
    await drain(open(proxy.address))
    proxy.update({ pool, affinity: { key: () => 'never asked' } })
    await drain(open(proxy.address))
    assert.deepEqual(keys, ['::1', '0:0:0:0::/64'])
  })
})

describe('updating a proxy', () => {
  it('changes nothing when anything is wrong', async (t) => {
    const { proxy, pool } = await proxied(t, [await greeter(t, 'a')], { mode: 'http' })
    const wrong: [settings: object, message: RegExp][] = [
      [{ pool: poolOf(1), connectTimeoutMs: -1 }, /connectTimeoutMs is '-1'/],
      [{ pool: poolOf(1), http: { bodyTimeoutMs: Number.NaN } }, /bodyTimeoutMs is 'NaN'/],
      [{ pool: poolOf(1), http: { trust: ['10/9'] } }, /'10\/9' is not an address or range/],
      [{ pool: poolOf(1), http: { pseudonym: '' } }, /pseudonym ''/],
      [{ routes: [{ path: 'x', to: [] }] }, /route path 'x'/],
      [{ routes: [routeTo(pool)], pool }, /pool and affinity stand beside routes/],
      [{ affinity: { key: () => '' } }, /where the work goes is missing/],
    ]
    const { id } = pool.backends[0]!
    for (const [settings, message] of wrong) {
      assert.throws(() => proxy.update(settings), { message })
      assert.equal(proxy.view().pool.backends[0]!.id, id)
    }
  })

  it('changes how many clients may be connected', async (t) => {
    const { connect, proxy } = await wired(t)
    await connect()
    proxy.update({ connectionsMax: 1 })
    assert.equal((await drain(open(proxy.address))).bytes, 0)
    assert.equal(proxy.view().connections.refused, 1)
    proxy.update({})
    await connect()
    assert.equal(proxy.view().connections.active, 2)
  })

  it('tells of the changes of its own pool, once, and of no other', async (t) => {
    const port = await greeter(t, 'a')
    const { proxy, pool, told } = await proxied(t, [port])
    const next = poolOf(port)
    const added = (): number => told('backend_added').length
    const grow = async (grown: Pool): Promise<void> => {
      const specs = [port, await deadPort()].map((p) => ({
        address: { host: '127.0.0.1', port: p },
      }))
      grown.update(specs)
    }
    proxy.update({ idleTimeoutMs: 1_000 })
    await grow(pool)
    assert.equal(added(), 1)
    proxy.update({ pool: next })
    await grow(pool)
    assert.equal(added(), 1)
    await grow(next)
    assert.equal(added(), 2)
    proxy.update({ routes: [routeTo(next)] })
    await grow(next)
    assert.equal(added(), 2)
  })
})

describe('what a proxy is told', () => {
  const refused = async (options: ProxyOptions, message: RegExp): Promise<void> => {
    await assert.rejects(createProxy(options), { name: 'RangeError', message })
  }

  it('must say where the work goes, once', async () => {
    const pool = poolOf(1)
    await refused({}, /where the work goes is missing/)
    await refused({ pool, routes: [routeTo(pool)] }, /pool and affinity stand beside routes/)
    await refused({ routes: [] }, /routes is empty/)
  })

  it('must fit its mode', async () => {
    const pool = poolOf(1)
    const mode = 'tcp'
    const message = /bodyTimeoutMs is for mode http, and this proxy is in mode tcp/
    await refused({ mode, pool, http: { bodyTimeoutMs: 1 } }, message)
    const one = /the routes of mode tcp are one, without conditions, to one pool/
    await refused({ mode, routes: [{ ...routeTo(pool), path: '/a' }] }, one)
    const both = [...routeTo(pool).to, ...routeTo(poolOf(2)).to]
    await refused({ mode, routes: [{ to: both }] }, one)
  })

  it('may name options of the other mode that change nothing', async (t) => {
    const http = { bodyTimeoutMs: 30_000, trust: [], pseudonym: undefined } as object
    const proxy = await createProxy({ mode: 'tcp', routes: [routeTo(poolOf(1))], http })
    t.after(() => proxy.close(0))
    assert.equal(proxy.view().pool.backends[0]!.id, '127.0.0.1:1')
  })
})

describe('a process that may open few files', () => {
  const run = promisify(execFile)
  const script = `
    import { createProxy } from './src/proxy.ts'
    import { Pool } from './src/pool/pool.ts'
    import { roundRobin } from './src/strategies/round-robin.ts'
    const pool = new Pool([], roundRobin())
    const say = (level) => (event, sentence, fields) => {
      if (event !== 'listening') console.log(level, event + ': ' + sentence, JSON.stringify(fields))
    }
    const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
    for (const [connectionsMax, listeners] of [[], [400], [0], [100], [300, 2]]) {
      const proxy = await createProxy({ pool, log, connectionsMax, listeners })
      proxy.update({ connectionsMax, listeners })
      await proxy.close(0)
    }`
  const skip = process.platform === 'linux' ? false : 'only Linux tells how many'

  it('takes as many clients as it has files for, with their backends, and says so', {
    skip,
  }, async () => {
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', script]
    const shell = ['-c', 'ulimit -n 512; exec "$@"', 'sh', ...node]
    const { stdout } = await run('sh', shell, { cwd: new URL('../..', import.meta.url) })
    const why = 'this process may open 512 files (ulimit -n), and each client needs two'
    const line = (level: string, wanted: number): string =>
      `${level} connections_max_lowered: 224 clients may be connected instead of ${wanted}: ${why} ` +
      JSON.stringify({ connectionsMax: 224, wanted, files: 512 })
    const [first, second, shared] = stdout.trim().split('\n')
    assert.deepEqual([first, second], [line('debug', 10_000), line('warn', 400)])
    assert.match(shared!, /112 clients .* instead of 300: .*, which 2 listeners share, and/)
  })
})
