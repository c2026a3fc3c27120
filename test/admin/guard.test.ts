import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createAdmin } from '../../src/admin.ts'
import { formatAddress } from '../../src/base/address.ts'
import { balanced, simple } from '../balancer/balanced.ts'
import { backTo, held } from '../net/leaks.ts'
import { nodeBackend } from '../proxy/http-talk.ts'
import { backend } from '../support/backends.ts'
import { askAt, steered } from './steered.ts'

const timeout = 30_000
const json = { 'content-type': 'application/json' }

describe('who may steer', { timeout }, () => {
  it('is whoever has the token, if there is one', async (t) => {
    const { ask } = await steered(t, simple([1]), { token: 'let me in' })
    const as = (authorization: string) => ask('/status', { headers: { authorization } })
    for (const wrong of ['', 'Bearer', 'Bearer let me', 'Basic let me in', 'Bearer let me in!']) {
      const { status, body } = await as(wrong)
      assert.deepEqual([status, body.code], [401, 'ADMIN_TOKEN'], wrong)
    }
    assert.equal((await ask('/status')).status, 401)
    assert.equal((await ask('/nothing')).status, 401)
    assert.equal((await as('Bearer let me in')).status, 200)
  })

  it('is this machine alone, if there is none', async (t) => {
    const { balancer } = await balanced(t, simple([1]))
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.org']) {
      const address = { host, port: 0 }
      const message = `cannot steer at ${formatAddress(address)} without a token: others can reach it`
      await assert.rejects(createAdmin(balancer, { address }), { code: 'LISTEN', message })
    }
    const admin = await createAdmin(balancer, { address: { host: '0.0.0.0', port: 0 }, token: 'x' })
    await admin.close()
  })

  it('is no web page, whatever name it has given to this machine', async (t) => {
    const { ask } = await steered(t, simple([1]))
    const from = async (host: string): Promise<number> =>
      (await ask('/status', { headers: { host } })).status
    for (const host of [
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'face',
    ]) {
      assert.equal(await from(host), 401, host)
    }
    for (const host of ['localhost', 'LOCALHOST:9901', '127.0.0.1:9901', '[::1]:9901']) {
      assert.equal(await from(host), 200, host)
    }
  })

  it('must say that an order is JSON, which no page can without asking', async (t) => {
    const { ask, balancer } = await steered(t, simple([1]))
    const body = '{"backend":":1"}'
    const types = [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'text/json']
    for (const type of types) {
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
      const answer = await ask('/drain', { method: 'POST', headers, body })
      assert.deepEqual([answer.status, answer.body.code], [415, 'ADMIN_TYPE'], type)
    }
    assert.equal(balancer.pools.get('main')!.backends[0]!.isDraining, false)
  })

  it('may run a strategy file only where that takes a token or the socket', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const strategy = join(folder, 'mine.mjs')
    writeFileSync(strategy, `export default { name: 'mine', pick: (all) => all[0] }`)
    const open = await steered(t, simple([1]))
    const refused = await open.order('/strategy', { strategy })
    assert.deepEqual([refused.status, refused.body.code], [401, 'ADMIN_TOKEN'])
    const address = { path: join(folder, 'admin.sock') }
    const socket = await steered(t, simple([1]), { address })
    assert.equal((await socket.order('/strategy', { strategy })).status, 200)
    assert.equal(socket.balancer.pools.get('main')!.strategy.name, 'mine')
  })
})

describe('the admin API', { timeout }, () => {
  it('answers what is no order with why', async (t) => {
    const { ask } = await steered(t, simple([1]))
    const post = { method: 'POST', headers: json }
    for (const body of ['', '{', 'nonsense', '[]', '"x"']) {
      const answer = await ask('/drain', { ...post, body })
      assert.equal(answer.body.code, 'ADMIN_ORDER', body)
      assert.ok(answer.status === 400 || answer.status === 422, body)
    }
    const long = { backend: 'x'.repeat(70_000) }
    assert.equal((await ask('/drain', { ...post, body: long })).status, 413)
    for (const [method, path, allow] of [
      ['GET', '/drain', 'POST'],
      ['PUT', '/drain', 'POST'],
      ['DELETE', '/status', 'GET, HEAD'],
      ['OPTIONS', '/status?x', 'GET, HEAD'],
      ['POST', '/status', 'GET, HEAD'],
      ['PUT', '/log', 'GET, HEAD, POST'],
    ] as const) {
      const { status, body, headers } = await ask(path, { method })
      assert.deepEqual([status, body.code], [405, 'ADMIN_METHOD'], `${method} ${path}`)
      assert.equal(headers.allow, allow, path)
    }
  })

  it('is nowhere on the listeners of the proxy', async (t) => {
    const asked: string[] = []
    const port = await nodeBackend(t, ({ method, url }, response) => {
      asked.push(`${method} ${url}`)
      response.end('the backend')
    })
    const { addressOf } = await steered(t, simple([port]))
    assert.deepEqual((await askAt(addressOf(), '/status')).body, { text: 'the backend' })
    const question = { method: 'POST', headers: json, body: {} }
    assert.deepEqual((await askAt(addressOf(), '/reload', question)).body, { text: 'the backend' })
    assert.deepEqual(asked, ['GET /status', 'POST /reload'])
  })

  it('is refused a port that is taken, and leaves nothing open', async (t) => {
    const { balancer } = await balanced(t, simple([1]))
    const port = await backend(t, () => {})
    const before = held()
    const address = { host: '127.0.0.1', port }
    await assert.rejects(createAdmin(balancer, { address }), { code: 'LISTEN' })
    await backTo(before)
  })

  it('takes over a socket file that was left behind', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const address = { path: join(folder, 'admin.sock') }
    const first = await steered(t, simple([1]), { address })
    assert.equal((await first.ask('/status')).status, 200)
    await assert.rejects(createAdmin(first.balancer, { address }), { code: 'LISTEN' })
    assert.equal((await first.ask('/status')).status, 200)
  })
})
