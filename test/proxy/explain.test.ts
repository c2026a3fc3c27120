import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAffinity } from '../../src/proxy.ts'
import { deadPort } from '../support/backends.ts'
import { open, until } from '../support/proxied.ts'
import { fronted, get, keep, named, nodeBackend, say, scripted } from './http-talk.ts'

const trusting = { http: { trust: ['127.0.0.1'] } }
const why = (text: string): string | undefined => /^X-Piloti-Explain: (.*)\r$/m.exec(text)?.[1]
const asking = 'X-Piloti-Explain: 1'

describe('X-Piloti-Explain', { concurrency: 4, timeout: 20_000 }, () => {
  it('says who was picked among whom, and what the strategy saw', async (t) => {
    const ports = [await named(t, 'a'), await named(t, 'b')]
    const options = { ...trusting, strategy: 'least-connections' }
    const { proxy } = await fronted(t, ports, options)
    const told = why((await say(proxy, get('/', asking))).text) ?? assert.fail()
    const seen = ports.map(
      (port) => `127\\.0\\.0\\.1:${port} \\(active=0 weight=1 ms=0\\.000 score=0\\.000\\)`,
    )
    const times = 'queue=0\\.000 connect=\\d+\\.\\d{3} first=\\d+\\.\\d{3}'
    assert.match(
      told,
      new RegExp(
        `^least-connections picked 127\\.0\\.0\\.1:\\d+ of ${seen.join(', ')} \\| ${times}$`,
      ),
    )
  })

  it('says who was left out and why, and which try failed', async (t) => {
    const ports = [await deadPort(), await named(t, 'b'), await named(t, 'c'), await named(t, 'd')]
    const { proxy, pool } = await fronted(t, ports, {
      ...trusting,
      poolOptions: { maxConnections: 1 },
    })
    const ids = ports.map((port) => `127.0.0.1:${port}`)
    pool.drain(ids[2]!)
    const lease = pool.leaseOf(ids[3]!)!
    const told = why((await say(proxy, get('/', asking))).text) ?? assert.fail()
    lease.release('ok')
    const [first = '', second = ''] = told.split(' | ')
    assert.ok(first.startsWith(`round-robin picked ${ids[0]} of ${ids[0]} (`), told)
    assert.ok(
      first.includes(`without ${ids[2]} (draining: asked to drain), ${ids[3]} (full)`),
      told,
    )
    assert.ok(first.endsWith(`which failed: connect to ${ids[0]} failed: ECONNREFUSED`), told)
    assert.ok(second.startsWith(`round-robin picked ${ids[1]} of ${ids[1]} (`), told)
    assert.ok(second.includes(`without ${ids[0]} (tried), ${ids[2]} `), told)
  })

  it('stands in an answer of the proxy itself', async (t) => {
    const { proxy } = await fronted(t, [await deadPort()], trusting)
    const { text } = await say(proxy, get('/', asking))
    assert.match(text, /^HTTP\/1\.1 502/)
    assert.match(why(text) ?? '', /^round-robin picked .* which failed: .* \| .* first=-$/)
  })

  it('stands beside an affinity cookie', async (t) => {
    const { pool, proxy } = await fronted(t, [await named(t, 'a')], trusting)
    const affinity = createAffinity({ kind: 'cookie', name: 'c', secret: 's' }, pool)
    proxy.update({ ...trusting, pool, affinity })
    const { text } = await say(proxy, get('/', asking))
    assert.match(text, /^Set-Cookie: c=/m)
    assert.ok(why(text))
  })

  it('is for trusted clients that ask, and for nobody else', async (t) => {
    const port = await named(t, 'a')
    const { proxy: strict } = await fronted(t, [port])
    assert.equal(why((await say(strict, get('/', asking))).text), undefined)
    const { proxy } = await fronted(t, [port], trusting)
    for (const lines of [[], ['X-Piloti-Explain: 0'], [asking, asking]]) {
      assert.equal(why((await say(proxy, get('/', ...lines))).text), undefined)
    }
  })
})

describe('the decisions of a pool', { concurrency: 4, timeout: 20_000 }, () => {
  it('are a sample of one in a hundred', async (t) => {
    const { proxy, pool } = await fronted(t, [await named(t, 'a')])
    await say(proxy, keep(get('/x')).repeat(300) + get('/last'))
    const all = pool.decisions.view()
    assert.equal(all.length, 4)
    const [{ atMs, durationMs, connectMs, firstByteMs, picks, ...rest } = assert.fail()] = all
    assert.ok(Math.abs(Date.now() - atMs) < 20_000 && durationMs >= firstByteMs && connectMs >= 0)
    assert.equal(picks[0]!.picked, pool.backends[0]!.id)
    const request = { what: 'GET /last', client: '127.0.0.1', requestId: '' }
    assert.deepEqual(rest, { ...request, queueMs: 0, status: 200, end: 'finished' })
  })

  it('have every request that failed or was tried again, with what was tried', async (t) => {
    const ports = [await deadPort(), await named(t, 'b')]
    const { proxy, pool } = await fronted(t, ports, { poolOptions: { ejects: false } })
    pool.decisions.isDue()
    await say(proxy, get('/retried'))
    const [{ what, end, picks } = assert.fail()] = pool.decisions.view()
    assert.deepEqual([what, end], ['GET /retried', 'finished'])
    const ids = ports.map((port) => `127.0.0.1:${port}`)
    assert.deepEqual(
      picks.map(({ picked }) => picked),
      ids,
    )
    assert.match(picks[0]!.failed, /ECONNREFUSED/)
    assert.equal(picks[1]!.considered[0]!.leftOut, 'tried')
  })

  it('have answers that were errors, also those of backends', async (t) => {
    const port = await nodeBackend(t, ({ url }, response) => {
      response.writeHead(url === '/bad' ? 500 : 200).end()
    })
    const { proxy, pool } = await fronted(t, [port])
    pool.decisions.isDue()
    for (const path of ['/good', '/bad']) await say(proxy, get(path))
    assert.deepEqual(
      pool.decisions.view().map(({ what, status }) => [what, status]),
      [['GET /bad', 500]],
    )
  })

  it('are no more than a thousand, the latest first', async (t) => {
    const { pool } = await fronted(t, [await named(t, 'a')])
    const times = { queueMs: 0, connectMs: 0, firstByteMs: 0, durationMs: 0 }
    const all = { what: '', client: '', picks: [], ...times, status: 0, end: '', requestId: '' }
    for (let atMs = 0; atMs < 2_500; atMs++) pool.decisions.add({ ...all, atMs })
    const kept = pool.decisions.view()
    assert.equal(kept.length, 1_000)
    assert.deepEqual([kept[0]!.atMs, kept[999]!.atMs], [2_499, 1_500])
  })

  it('of failures are no more than a hundred a second', async (t) => {
    const { pool } = await fronted(t, [])
    const taken = Array.from({ length: 300 }, () => pool.decisions.takesFailure(1_000))
    assert.equal(taken.filter((isTaken) => isTaken).length, 100)
    assert.equal(pool.decisions.takesFailure(2_000), true)
  })
})

describe('an answer that there is no backend', { concurrency: 4, timeout: 20_000 }, () => {
  const isUp = { failOpen: false }

  it('says that none is configured', async (t) => {
    const { proxy } = await fronted(t, [])
    assert.match((await say(proxy, get())).text, /503.*the pool has no backend \(NO_BACKEND\)/s)
  })

  it('says that all are down', async (t) => {
    const { proxy, pool } = await fronted(t, [await named(t, 'a')], { poolOptions: isUp })
    const report = { isWell: false, reason: 'no', hasAnswered: false }
    pool.report(pool.backends[0]!, report, { rise: 1, fall: 1 })
    assert.match((await say(proxy, get())).text, /503.*all backends are down \(NO_BACKEND\)/s)
  })

  it('says that all are draining', async (t) => {
    const { proxy, pool } = await fronted(t, [await named(t, 'a')])
    pool.drain(pool.backends[0]!.id)
    assert.match((await say(proxy, get())).text, /503.*all backends are draining \(NO_BACKEND\)/s)
  })

  it('says that all are full, and that too many wait', async (t) => {
    const { port } = await scripted(t, () => {})
    const poolOptions = { maxConnections: 1, queueMax: 0 }
    const { proxy } = await fronted(t, [port], { poolOptions })
    const first = open(proxy.address)
    t.after(() => first.destroy())
    first.write(get())
    await until(() => proxy.view().http!.active === 1)
    assert.match((await say(proxy, get())).text, /503.*all backends are full, .*\(BACKENDS_FULL\)/s)
  })

  it('says why the last try failed when all were tried', async (t) => {
    const ports = [await deadPort(), await deadPort()]
    const { proxy } = await fronted(t, ports, { retriesMax: 5 })
    assert.match((await say(proxy, get())).text, /502.*ECONNREFUSED \(BACKEND_CONNECT\)/s)
  })
})
