import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { Update } from '../../src/admin/dashboard/told.ts'
import { Viewers } from '../../src/admin/events-viewers.ts'
import { History, samplesMax } from '../../src/admin/history.ts'
import { binned, edgesMs } from '../../src/admin/history-bins.ts'
import type { Address } from '../../src/base/address.ts'
import { strategies } from '../../src/strategies/index.ts'
import { balanced, listenerTo, poolOf, simple } from '../balancer/balanced.ts'
import { backTo, held } from '../net/leaks.ts'
import { named } from '../proxy/http-talk.ts'
import { backend } from '../support/backends.ts'
import { open, until } from '../support/proxied.ts'
import { steered } from './steered.ts'

const timeout = 60_000
const page = new URL('../../src/admin/dashboard/page/', import.meta.url)

/** Somebody who looks at the dashboard. */
async function viewer(
  t: TestContext,
  admin: Address,
  headers: Record<string, string> = {},
): Promise<{ response: IncomingMessage; updates: Update[] }> {
  assert.ok('port' in admin)
  const { host, port } = admin
  const asked = get({ host, port, path: '/events', headers, agent: false })
  asked.on('error', () => {})
  t.after(() => asked.destroy())
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  response.on('error', () => {})
  const updates: Update[] = []
  let rest = ''
  response.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('\n\n')
    rest = messages.pop()!
    updates.push(...messages.map((message) => JSON.parse(message.replace('data: ', ''))))
  })
  return { response, updates }
}

describe('the events of the dashboard', { timeout }, () => {
  it('count messages in mode lines, not connections', async (t) => {
    const port = await backend(t, (socket) => socket.on('data', (bytes) => socket.write(bytes)))
    const spec = { pools: [poolOf([port])], listeners: [listenerTo('main', { mode: 'lines' })] }
    const { addressOf, admin } = await steered(t, spec)
    const { updates } = await viewer(t, admin)
    const client = open(addressOf())
    t.after(() => client.destroy())
    const rates = () => updates.at(-1)?.samples.at(-1)?.listeners ?? {}
    await until(() => {
      client.write('one\ntwo\nthree\n')
      return Object.values(rates()).some((perSecond) => perSecond > 2)
    })
  })

  it('are at first all there is, then what is new, twice a second at the most', async (t) => {
    const { admin, balancer, hear } = await steered(t, simple([await named(t, 'a')]))
    const { response, updates } = await viewer(t, admin)
    assert.equal(response.headers['content-type'], 'text/event-stream')
    await until(() => updates.length > 0)
    const [first] = updates
    assert.deepEqual(first!.about?.strategies, Object.keys(strategies))
    assert.equal(first!.state.pools[0]!.name, 'main')
    assert.deepEqual(first!.state.listeners[0]!.pools, ['main'])
    const id = balancer.pools.get('main')!.backends[0]!.id
    const sample = () => updates.at(-1)!.samples.at(-1)?.pools.main?.backends[id]
    await until(() => sample() !== undefined)
    await hear()
    await until(() => sample()![0] > 0)
    assert.ok(sample()![1]! > 0)
    const pool = balancer.pools.get('main')!
    pool.drain(id)
    pool.setWeight(id, 7)
    const told = () => updates.flatMap(({ happenings }) => happenings.map(({ event }) => event))
    await until(() => told().includes('weight'))
    assert.deepEqual(told().sort(), ['drain_done', 'drain_start', 'weight'])
    const [start, end] = [updates[1]!.nowMs, updates.at(-1)!.nowMs]
    // Each has its place on a clock of half seconds; the first and the last may be at the ends of theirs.
    assert.ok(updates.length - 2 <= (end - start) / 500 + 1, `${updates.length} in ${end - start}`)
    const late = await viewer(t, admin)
    await until(() => late.updates.length > 0)
    assert.equal(late.updates[0]!.happenings.length, 3)
    assert.ok(late.updates[0]!.samples.length > 1)
  })

  it('are for 64 at a time, and not for pages of other sites', async (t) => {
    const { admin, ask } = await steered(t, simple([1]))
    const other = await ask('/events', { headers: { 'sec-fetch-site': 'cross-site' } })
    assert.deepEqual([other.status, other.body.code], [401, 'ADMIN_TOKEN'])
    const all = await Promise.all(Array.from({ length: 64 }, () => viewer(t, admin)))
    const { status, body } = await ask('/events')
    assert.deepEqual([status, body.code], [503, 'ADMIN_BUSY'])
    all[0]!.response.destroy()
    let isFree = false
    while (!isFree) isFree = (await viewer(t, admin)).response.statusCode === 200
  })

  it('keep nothing for a viewer that does not read, and let it go', async (t) => {
    const viewers = new Viewers()
    let slow: ServerResponse | undefined
    const server = createServer((_request, response) => {
      slow = response
      viewers.add(response, 'x'.repeat(20_000_000))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const { port } = server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1').pause()
    t.after(() => socket.destroy())
    socket.on('error', () => {}).write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => viewers.count === 1)
    const held = slow!.writableLength
    assert.ok(held > 0)
    const gone = once(slow!, 'close')
    for (let tick = 0; tick < 21; tick++) {
      viewers.tell('y'.repeat(1_000_000))
      assert.ok(slow!.writableLength <= held)
    }
    await gone
    assert.equal(viewers.count, 0)
  })

  it('take the token, though the page does not', async (t) => {
    const { ask } = await steered(t, simple([1]), { token: 'open sesame' })
    assert.equal((await ask('/')).status, 200)
    assert.equal((await ask('/dashboard/main.js')).status, 200)
    for (const path of ['/events', '/dashboard/', '/dashboard/main.js/x', '//', '/status']) {
      assert.equal((await ask(path)).status, 401, path)
    }
  })

  it('leave nothing open when the admin API closes', async (t) => {
    const before = held()
    const { balancer } = await balanced(t, simple([1]))
    const { createAdmin } = await import('../../src/admin.ts')
    const admin = await createAdmin(balancer, { address: { host: '127.0.0.1', port: 0 } })
    const { response } = await viewer(t, admin.address)
    const ended = new Promise((resolve) => response.on('close', resolve))
    await admin.close()
    await ended
    await balancer.close(0)
    await backTo(before)
  })
})

describe('the page of the dashboard', { timeout }, () => {
  it('may load nothing from elsewhere, and is asked for again only when it is new', async (t) => {
    const { ask } = await steered(t, simple([1]))
    const { headers, status } = await ask('/')
    assert.equal(status, 200)
    assert.match(String(headers['content-security-policy']), /^default-src 'self';/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    const again = await ask('/', { headers: { 'if-none-match': String(headers.etag) } })
    assert.equal(again.status, 304)
  })

  it('is whole where it is built', () => {
    const built = new URL('../../dist/src/admin/dashboard/page/', import.meta.url)
    assert.deepEqual(readdirSync(built), readdirSync(page))
  })

  it('asks for nothing that there is not, and has nothing inline', async (t) => {
    const { ask } = await steered(t, simple([1]))
    const html = readFileSync(new URL('index.html', page), 'utf8')
    assert.doesNotMatch(html, /\sstyle=|\son\w+=|<style|<script(?![^>]*src=)/)
    const asked = [...html.matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path]) => path!)
    assert.ok(asked.length > 3)
    for (const path of asked) assert.equal((await ask(path)).status, 200, path)
  })

  it('has a sentence for every strategy', async () => {
    const { strategySentences } = await import(new URL('strategies.js', page).href)
    assert.deepEqual(Object.keys(strategySentences), Object.keys(strategies))
  })
})

describe('the history of the dashboard', { timeout }, () => {
  it('keeps five minutes', async (t) => {
    const { balancer } = await balanced(t, simple([1]))
    const history = new History(balancer)
    for (let s = 0; s < samplesMax + 7; s++) history.take(s * 1_000, s * 1_000)
    assert.equal(history.samples.length, samplesMax)
    assert.equal(history.samples[0]!.atMs, 7_000)
  })

  it('tells rates and percentiles of the last three seconds', async (t) => {
    const { balancer } = await balanced(t, simple([1]))
    const pool = balancer.pools.get('main')!
    const history = new History(balancer)
    const at = (s: number) => history.take(s * 1_000, s * 1_000).pools.main!.backends['127.0.0.1:1']
    assert.deepEqual(at(0), [0, null, null, 0, 0])
    for (let i = 0; i < 30; i++) {
      const lease = pool.lease('')!
      lease.connected()
      lease.answered(i < 20 ? 1 : 100)
      lease.release('ok')
    }
    const held = pool.lease('')!
    const [perS, p50, p99, active, failures] = at(1)!
    assert.deepEqual([perS, active, failures], [31, 1, 0])
    assert.ok(p50! >= 1 && p50! < 1.2 && p99! >= 100 && p99! < 113, `${p50} ${p99}`)
    held.release('failed')
    assert.equal(at(2)![4], 0.5)
    for (const s of [3, 4]) at(s)
    assert.deepEqual(at(5), [0, null, null, 0, 0])
  })

  it('counts an answer in the row whose edge it does not exceed', () => {
    assert.deepEqual(
      binned([
        [0.001, 2],
        [edgesMs[4]!, 3],
        [edgesMs[4]! + 0.001, 1],
        [1e9, 5],
      ]),
      [0, 2, 4, 3, 5, 1, edgesMs.length - 1, 5],
    )
    assert.deepEqual(
      [...edgesMs],
      [...edgesMs].sort((a, b) => a - b),
    )
  })
})
