import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BalancerSpec, BalancerView } from '../../src/balancer.ts'
import type { LogLevel } from '../../src/base/log.ts'
import { listenerTo, poolOf, simple } from '../balancer/balanced.ts'
import { named } from '../proxy/http-talk.ts'
import { steered } from './steered.ts'

const timeout = 30_000

describe('the admin API', { timeout }, () => {
  it('shows what there is', async (t) => {
    const port = await named(t, 'a')
    const { ask, balancer, hear } = await steered(t, simple([port]))
    await hear()
    const { status, body } = await ask('/status')
    assert.equal(status, 200)
    assert.equal(body.pid, process.pid)
    const { listeners, pools } = body as unknown as BalancerView
    assert.deepEqual(Object.keys(listeners), ['web'])
    assert.equal(pools.main!.backends[0]!.leases, 1)
    assert.equal(pools.main!.strategy, balancer.view().pools.main!.strategy)
  })

  it('drains a backend and gives it work again', async (t) => {
    const [a, b] = [await named(t, 'a'), await named(t, 'b')]
    const { hear, order } = await steered(t, simple([a, b]))
    const drained = await order('/drain', { backend: `:${a}` })
    assert.deepEqual([drained.status, drained.body.id], [200, `127.0.0.1:${a}`])
    assert.equal(drained.body.health, 'draining')
    assert.deepEqual([await hear(), await hear()], ['b', 'b'])
    assert.equal((await order('/ready', { backend: `127.0.0.1:${a}` })).body.health, 'up')
    assert.ok([await hear(), await hear()].includes('a'))
  })

  it('keeps a backend back for maintenance, and says what for, until it is ready', async (t) => {
    const [a, b] = [await named(t, 'a'), await named(t, 'b')]
    const { ask, hear, order } = await steered(t, simple([a, b]))
    const { body, status } = await order('/maintenance', {
      backend: `:${a}`,
      note: 'new\u001bdisk',
    })
    assert.deepEqual([status, body.health], [200, 'draining'])
    assert.equal(body.reason, 'maintenance: new\\u{1b}disk')
    assert.deepEqual([await hear(), await hear()], ['b', 'b'])
    const { pools } = (await ask('/status')).body as unknown as BalancerView
    assert.equal(pools.main!.backends[0]!.reason, body.reason)
    assert.equal((await order('/ready', { backend: `:${a}` })).body.reason, '')
    assert.equal((await order('/drain', { backend: `:${a}` })).body.reason, 'asked to drain')
    assert.equal((await order('/maintenance', { backend: `:${a}` })).body.reason, 'maintenance')
    assert.equal((await order('/drain', { backend: `:${a}` })).body.reason, 'asked to drain')
  })

  it('changes what the log shows', async (t) => {
    const log = { level: 'info' as LogLevel }
    const { ask, order } = await steered(t, simple([1]), { log })
    assert.deepEqual((await ask('/log')).body, { level: 'info' })
    assert.deepEqual((await order('/log', { level: 'debug' })).body, { level: 'debug' })
    assert.equal(log.level, 'debug')
    assert.match(String((await order('/log', { level: 'all' })).body.message), /level: /)
    const without = await steered(t, simple([1]))
    assert.equal((await without.order('/log', { level: 'debug' })).body.code, 'ADMIN_ORDER')
  })

  it('changes a weight, for as long as the description says what it said', async (t) => {
    const port = await named(t, 'a')
    const { balancer, order } = await steered(t, simple([port]))
    const { status, body } = await order('/weight', { backend: `:${port}`, weight: 3 })
    assert.deepEqual([status, body.fullWeight], [200, 3])
    assert.deepEqual(await balancer.apply(simple([port])), [])
    assert.equal(balancer.pools.get('main')!.backends[0]!.fullWeight, 3)
  })

  it('adds and removes backends, also two at a time', async (t) => {
    const [a, b, c] = [await named(t, 'a'), await named(t, 'b'), await named(t, 'c')]
    const { balancer, order } = await steered(t, simple([a]))
    const answers = await Promise.all([
      order('/add', { backend: `:${b}`, weight: 2, maxConnections: 5 }),
      order('/add', { backend: `:${c};weight=4` }),
    ])
    const plus = (port: number): object => ({
      changes: [`+ backend 127.0.0.1:${port} (pool main)`],
    })
    assert.deepEqual(
      answers.map(({ body }) => body),
      [plus(b), plus(c)],
    )
    const { backends } = balancer.pools.get('main')!
    assert.deepEqual(
      backends.map(({ fullWeight }) => fullWeight),
      [1, 2, 4],
    )
    assert.deepEqual((await order('/remove', { backend: `:${b}` })).body, {
      changes: [`- backend 127.0.0.1:${b}, drained (pool main)`],
    })
    const twice = await order('/add', { backend: `:${a}` })
    const { code, message } = twice.body
    assert.deepEqual([twice.status, code], [422, 'ADDRESS'])
    assert.equal(message, `backend 127.0.0.1:${a} is named twice`)
  })

  it('swaps the strategy', async (t) => {
    const { balancer, order } = await steered(t, simple([await named(t, 'a')]))
    const { body } = await order('/strategy', { strategy: 'LeastConnections' })
    assert.deepEqual(body, {
      changes: ['~ pool main strategy round-robin→least-connections'],
    })
    assert.equal(balancer.pools.get('main')!.strategy.name, 'least-connections')
  })

  it('asks which pool is meant when there are several', async (t) => {
    const port = await named(t, 'a')
    const spec: BalancerSpec = {
      pools: [poolOf([port]), poolOf([port], { name: 'other' })],
      listeners: [listenerTo('main')],
    }
    const { balancer, order } = await steered(t, spec)
    const which = await order('/drain', { backend: `:${port}` })
    assert.deepEqual(
      [which.status, which.body],
      [
        404,
        {
          code: 'ADMIN_UNKNOWN',
          message: 'there are several pools: name one of main, other',
          hint: 'GET /openapi.json lists the paths, GET /backends the pools and backends',
        },
      ],
    )
    const near = await order('/strategy', { pool: 'othr', strategy: 'random' })
    assert.equal(near.body.message, "unknown pool 'othr': one of main, other (did you mean other?)")
    assert.equal((await order('/drain', { backend: `:${port}`, pool: 'other' })).status, 200)
    assert.deepEqual(
      ['main', 'other'].map((name) => balancer.pools.get(name)!.available),
      [1, 0],
    )
  })

  it('reloads, and hands on why that cannot be', async (t) => {
    const spec = simple([await named(t, 'a')])
    let isBroken = false
    const reload = async (): Promise<readonly string[]> => {
      if (isBroken) throw new RangeError('the file is broken')
      return ['+ something']
    }
    const { order } = await steered(t, spec, { reload })
    assert.deepEqual((await order('/reload')).body, { changes: ['+ something'] })
    isBroken = true
    const { body, status } = await order('/reload')
    assert.deepEqual([status, body.code, body.message], [422, 'ADMIN_ORDER', 'the file is broken'])
    const without = await steered(t, spec)
    assert.equal((await without.order('/reload')).body.code, 'ADMIN_RELOAD')
  })

  it('says that the balancer is closed', async (t) => {
    const { balancer, order } = await steered(t, simple([1]))
    await balancer.close(0)
    const { status, body } = await order('/add', { backend: ':2' })
    assert.deepEqual([status, body.code], [409, 'CLOSED'])
  })

  const refused: readonly (readonly [path: string, order: object, status: number, says: RegExp])[] =
    [
      ['/drain', {}, 422, /^this order makes no sense: backend: /],
      ['/drain', { backend: ':1', pol: 'x' }, 422, /"pol"/],
      ['/drain', { backend: ':2' }, 404, /^unknown backend ':2': one of 127\.0\.0\.1:1$/],
      ['/drain', { backend: '127.0.0.1:11' }, 404, /\(did you mean 127\.0\.0\.1:1\?\)$/],
      ['/drain', { backend: 'nonsense' }, 422, /'nonsense' is not an address/],
      ['/weight', { backend: ':1' }, 422, /weight: /],
      ['/weight', { backend: ':1', weight: 0 }, 422, /weight: /],
      ['/weight', { backend: ':1', weight: 1e9 }, 422, /1000000/],
      ['/add', { backend: ':0' }, 422, /port 0/],
      ['/add', { backend: ':2', weight: 'x' }, 422, /weight: /],
      ['/add', { backend: ':2', maxConnections: -1 }, 422, /maxConnections: /],
      ['/remove', { backend: ':2' }, 404, /unknown backend/],
      ['/strategy', { strategy: 'rund-robin' }, 422, /did you mean round-robin\?/],
      ['/strategy', { strategy: './mine.ts' }, 401, /^cannot take strategy '\.\/mine\.ts' from/],
      ['/reload', { now: true }, 422, /"now"/],
      [
        '/nothing',
        {},
        404,
        /^nothing at POST \/nothing: there is GET \/status, .*; POST \/drain, /,
      ],
    ]
  it('refuses what makes no sense, and says why', async (t) => {
    const { balancer, order } = await steered(t, simple([1]))
    const before = balancer.spec
    for (const [path, body, status, says] of refused) {
      const answer = await order(path, body)
      assert.match(String(answer.body.message), says)
      assert.equal(answer.status, status, path)
    }
    assert.equal(balancer.spec, before)
  })
})
