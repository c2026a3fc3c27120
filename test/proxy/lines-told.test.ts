import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { completeLinesOptions } from '../../src/proxy/lines-options.ts'
import { createProxy } from '../../src/proxy.ts'
import { until } from '../support/proxied.ts'
import { logged } from './access-log-read.ts'
import { answering, call, deadServer, fronting, keeping, lined } from './line-servers.ts'

const timeout = 30_000

describe('what mode lines tells', { timeout }, () => {
  it('is each step in the log, by wish', async (t) => {
    const lines = { activity: true }
    const { client, lines: log, servers } = await lined(t, [answering('a')], { lines })
    const talker = client()
    await talker.ask('sum 3 4')
    await talker.ask(call(1, `\u001b[2J${'y'.repeat(200)}`))
    talker.socket.end()
    await talker.ended
    await until(() => log.some(({ event }) => event === 'client_gone'))
    const told = log.filter(({ fields }) => 'client' in fields)
    assert.deepEqual(
      told.map(({ event }) => event),
      [
        ...['client_connected', 'request', 'forwarded', 'answered'],
        ...['request', 'forwarded', 'answered', 'client_gone'],
      ],
    )
    const [connected, request, forwarded, answered, long] = told
    const name = connected!.fields.client
    assert.match(String(name), /^127\.0\.0\.1:\d+$/)
    assert.equal(connected!.sentence, `client ${name} connected`)
    assert.equal(request!.sentence, `request 'sum 3 4' from ${name}`)
    const backend = `127.0.0.1:${servers[0]!.port}`
    assert.equal(forwarded!.sentence, `request 'sum 3 4' forwarded to ${backend}`)
    assert.match(answered!.sentence, /^answered in [\d.]+ ms: a sum 3 4$/)
    assert.deepEqual([answered!.fields.client, answered!.fields.backend], [name, backend])
    // The id that the client knows, not the one that its backend was given.
    assert.match(told[6]!.sentence, /ms: \{"jsonrpc":"2.0","id":1,/)
    assert.match(long!.sentence, /^request '\{"jsonrpc":"2.0","id":1,"method":".*y…' from/)
    assert.equal(told.at(-1)!.sentence, `client ${name} gone`)
    for (const { sentence } of told) assert.doesNotMatch(sentence, /\p{C}/u)
  })

  it('is no step where nobody wished for that', async (t) => {
    const { client, told } = await lined(t, [answering('a')])
    await client().ask('1')
    for (const event of ['client_connected', 'request', 'forwarded', 'answered']) {
      assert.deepEqual(told(event), [])
    }
  })

  it('is a line in the access log for each message', async (t) => {
    const { accessLog, lines } = logged(t)
    const { client, proxy, servers } = await fronting(
      t,
      (await lined(t, [answering('a'), keeping])).servers,
      { accessLog },
    )
    const talker = client()
    talker.send('one', 'two')
    await until(() => servers[1]!.got.length === 1)
    servers[1]!.kill()
    await talker.take(2)
    await talker.ask('{')
    await until(() => proxy.view().lines!.active === 0)
    const [one, two, refused] = (await lines()).map((line) => JSON.parse(line))
    assert.equal(one.backend, `127.0.0.1:${servers[0]!.port}`)
    assert.deepEqual([one.end, one.requestBytes, one.responseBytes], ['finished', 4, 6])
    assert.ok(one.firstByteMs >= 0 && one.client === '127.0.0.1' && !('status' in one))
    assert.equal(two.backend, `127.0.0.1:${servers[1]!.port}`)
    assert.deepEqual([two.end, two.firstByteMs], ['backend_reset', null])
    assert.deepEqual([refused.end, refused.backend], ['message_format', ''])
  })

  it('is why a message got its backend', async (t) => {
    const servers = [await deadServer(), (await lined(t, [answering('b')])).servers[0]!]
    const { client, pool } = await fronting(t, servers, { strategy: 'n-to-1' })
    const long = `pi ${'9'.repeat(300)}`
    await client().ask(long)
    await until(() => pool.decisions.view().length === 1)
    const [decision] = pool.decisions.view()
    assert.equal(decision!.what, long.slice(0, 200))
    assert.deepEqual([decision!.end, decision!.status], ['finished', 0])
    const [first, second] = decision!.picks
    assert.match(first!.failed, /^connect to .* failed: ECONNREFUSED$/)
    assert.equal(second!.picked, `127.0.0.1:${servers[1]!.port}`)
  })

  it('is the failure of a backend once, and then how many', async (t) => {
    const { client, told } = await lined(t, [(_, __, socket) => socket.destroy()])
    await client().ask('1', '2', '3')
    const [first, more] = told('request_failed')
    assert.equal(first!.fields.code, 'BACKEND_RESET')
    assert.match(String(first!.fields.backend), /^127\.0\.0\.1:/)
    assert.equal(more, undefined)
  })
})

describe('a proxy in mode lines that ends', { timeout }, () => {
  it('answers what it has taken, and tells each client the end', async (t) => {
    const { client, pool, proxy, servers } = await lined(t, [keeping])
    const [busy, idle] = [client(), client()]
    busy.send('1', call(2, 'm'))
    idle.send('')
    await until(() => servers[0]!.got.length === 2 && proxy.view().connections.total === 2)
    const closed = proxy.close(20_000)
    assert.equal(await idle.ended, 'fin')
    idle.socket.end()
    busy.send('too late')
    for (const { line, say, socket } of servers[0]!.got) answering('a')(line, say, socket)
    assert.equal((await busy.take(2)).length, 2)
    assert.equal(await busy.ended, 'fin')
    busy.socket.end()
    assert.equal(await closed, 0)
    await until(() => servers[0]!.sockets.size === 0)
    assert.equal(proxy.view().lines!.backendConnections, 0)
    assert.equal(pool.view().backends[0]!.active, 0)
  })

  it('breaks off what is not answered within the grace', async (t) => {
    const { client, pool, proxy, servers } = await lined(t, [keeping])
    const talker = client()
    talker.send('1', '2')
    await until(() => servers[0]!.got.length === 2)
    assert.equal(await proxy.close(50), 1)
    assert.equal(await talker.ended, 'reset')
    await until(() => servers[0]!.sockets.size === 0)
    assert.equal(pool.view().backends[0]!.active, 0)
  })

  it('waits for no client that does not hear that it ends', async (t) => {
    const { client, proxy } = await lined(t, [answering('a')])
    const talker = client()
    await talker.ask('1')
    // It does not end its side: it has 5 s.
    assert.equal(await proxy.close(20_000), 0)
  })
})

describe('the settings of mode lines', { timeout }, () => {
  it('have no limit where a time is 0', () => {
    const none = { messageTimeoutMs: 0, reuseTimeoutMs: 0 }
    const { messageTimeoutMs, reuseTimeoutMs } = completeLinesOptions(none)
    assert.deepEqual([messageTimeoutMs, reuseTimeoutMs], [Infinity, Infinity])
  })

  it('are taken over at work', async (t) => {
    const { client, pool, proxy, servers } = await lined(t, [keeping])
    const talker = client()
    talker.send(call(1, 'm'))
    await until(() => servers[0]!.got.length === 1)
    proxy.update({ pool, lines: { messageTimeoutMs: 100, clientOutstandingMax: 1 } })
    const [line] = await talker.take(1)
    assert.match(line!, /BACKEND_TIMEOUT/)
    talker.send('1', '2')
    await until(() => servers[0]!.got.length === 2)
    servers[0]!.got[1]!.say('one')
    await until(() => servers[0]!.got.length === 3)
  })

  for (const [what, options, wanted] of [
    ['a limit of nothing', { lines: { messageLimitBytes: 0 } }, /messageLimitBytes is 0/],
    ['more ids than there are', { lines: { outstandingMax: 20_000 } }, /outstandingMax is 20000/],
    [
      'more messages than can be kept in order',
      { lines: { clientOutstandingMax: 20_000 } },
      /clientOutstandingMax is 20000: 1 to 10000 wanted/,
    ],
    ['what is below 0', { lines: { messageTimeoutMs: -1 } }, /messageTimeoutMs is '-1'/],
    ['what is for mode http', { http: { forwarded: true } }, /forwarded is for mode http/],
  ] as const) {
    it(`are refused with ${what}`, async (t) => {
      const { pool } = await lined(t, [answering('a')])
      await assert.rejects(createProxy({ mode: 'lines', pool, ...options }), wanted)
    })
  }

  it('are refused in other modes, and so are routes with conditions here', async (t) => {
    const { pool } = await lined(t, [answering('a')])
    const resend = createProxy({ mode: 'tcp', pool, lines: { resend: true } })
    await assert.rejects(resend, /resend is for mode lines, and this proxy is in mode tcp/)
    const routes = [{ path: '/a', to: [{ destination: { pool }, weight: 1 }] }]
    await assert.rejects(createProxy({ mode: 'lines', routes }), /the routes of mode lines are one/)
  })
})
