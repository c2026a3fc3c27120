import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { deadPort } from '../support/backends.ts'
import { entries, logged } from './access-log-read.ts'
import { fronted, get, keep, nodeBackend, say } from './http-talk.ts'
import { added, exchange, rig } from './raw-http.ts'

const parent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const made = /^X-Request-Id: [\da-f]{12}-[\da-f]{8}\r\n$/
const started = /^traceparent: 00-[\da-f]{32}-[\da-f]{16}-01\r\n$/

const asking = (...lines: string[]): string =>
  `GET / HTTP/1.1\r\nHost: a.test\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`

/** What a backend gets besides what was sent: lines of ours behind it. */
function behind(received: string, sent: readonly string[]): string {
  const before = asking(...sent).slice(0, -2)
  const [plain, host] = added().split(/(?=X-Forwarded-Host)/)
  assert.ok(received.startsWith(before + plain), received)
  assert.ok(received.endsWith(`${host}\r\n`), received)
  return received.slice(before.length + plain!.length, -`${host}\r\n`.length)
}

describe('names of requests', { concurrency: 4, timeout: 20_000 }, () => {
  it('pass as they are unless asked for', async (t) => {
    const all = await rig(t)
    const sent = [
      `traceparent: ${parent}`,
      'tracestate: a=1',
      'X-Request-Id: "x"',
      'traceparent: ?',
    ]
    const { received } = await exchange(all, asking(...sent))
    assert.equal(behind(received[0]!, sent), '')
  })

  it('are given, each another one, with requestId', async (t) => {
    const all = await rig(t, {}, { http: { requestId: true } })
    const ids = new Set<string>()
    for (let i = 0; i < 5; i++) {
      const { received } = await exchange(all, asking())
      const line = behind(received[0]!, [])
      assert.match(line, made)
      ids.add(line)
    }
    assert.equal(ids.size, 5)
  })

  it('of others are replaced, unless they are trusted', async (t) => {
    for (const trust of [[], ['127.0.0.1']]) {
      const log = logged(t)
      const options = { http: { requestId: true, trust }, accessLog: log.accessLog }
      const all = await rig(t, {}, options)
      const { received } = await exchange(all, asking('x-request-id: theirs'))
      const theirs = /^x-request-id: theirs\r$/m.test(received[0]!)
      const ours = /^X-Request-Id: [\da-f-]+\r$/m.test(received[0]!)
      assert.deepEqual([theirs, ours], trust.length > 0 ? [true, false] : [false, true])
      const [{ requestId } = assert.fail()] = await entries(log)
      assert.equal(requestId === 'theirs', theirs)
    }
  })

  it('of trusted peers are replaced when they are none', async (t) => {
    const all = await rig(t, {}, { http: { requestId: true, trust: ['127.0.0.1'] } })
    const wrong = ['x y', '', 'a"b', 'ü', 'x'.repeat(129)]
    for (const id of wrong) {
      const { received } = await exchange(all, asking(`X-Request-Id: ${id}`))
      assert.equal(received[0]!.match(/^X-Request-Id: (.*)\r$/gm)?.length, 1)
      assert.match(received[0]!, /^X-Request-Id: [\da-f]{12}-[\da-f]{8}\r$/m)
    }
    const { received } = await exchange(all, asking('X-Request-Id: a', 'X-Request-Id: b'))
    assert.equal(received[0]!.match(/^X-Request-Id/gm)?.length, 1)
  })

  it('are the same in all tries, in the answer of the proxy, and in the log', async (t) => {
    const heard: unknown[] = []
    const failing = (): Promise<number> =>
      nodeBackend(t, ({ headers, socket }) => {
        heard.push(headers['x-request-id'])
        socket.resetAndDestroy()
      })
    const log = logged(t)
    const options = { accessLog: log.accessLog, http: { requestId: true } }
    const { proxy, told } = await fronted(t, [await failing(), await failing()], options)
    const { text } = await say(proxy, get())
    const [{ requestId, retries } = assert.fail()] = await entries(log)
    assert.equal(/^X-Request-Id: (.*)\r$/m.exec(text)?.[1], requestId)
    assert.deepEqual(heard, [requestId, requestId])
    assert.equal(retries, 1)
    assert.equal(told('request_failed')[0]!.fields.requestId, requestId)
  })

  it('stand in the answer when no backend could be connected to', async (t) => {
    const { proxy } = await fronted(t, [await deadPort()], { http: { requestId: true } })
    assert.match((await say(proxy, get())).text, /^X-Request-Id: [\da-f]{12}-[\da-f]{8}\r$/m)
  })
})

describe('traces', { concurrency: 4, timeout: 20_000 }, () => {
  it('go on unchanged, and begin where there is none', async (t) => {
    const log = logged(t)
    const all = await rig(t, {}, { http: { trace: 'start' }, accessLog: log.accessLog })
    const sent = [`Traceparent: ${parent}`, 'tracestate: a=1,b=2', 'tracestate: c=3']
    const { received } = await exchange(all, asking(...sent))
    assert.equal(behind(received[0]!, sent), '')
    const { received: other } = await exchange(all, asking())
    const line = behind(other[0]!, [])
    assert.match(line, started)
    const ids = (await entries(log))
      .filter(({ path }) => path === '/')
      .map(({ traceId }) => traceId)
    assert.deepEqual(ids, [parent.split('-')[1], line.split('-')[1]])
  })

  const wrong: readonly string[][] = [
    ['traceparent: x'],
    ['traceparent: 00-00000000000000000000000000000000-00f067aa0ba902b7-01'],
    ['traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01'],
    ['traceparent: ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ['traceparent: 00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01'],
    [`traceparent: ${parent}-more`],
    [`traceparent: ${parent}`, `traceparent: ${parent}`],
  ]
  for (const lines of wrong) {
    it(`begin anew for ${lines.length > 1 ? 'two parents' : lines[0]}`, async (t) => {
      const all = await rig(t, {}, { http: { trace: 'start' } })
      const { received } = await exchange(all, asking(...lines, 'tracestate: a=1'))
      assert.match(behind(received[0]!, []), started)
    })
  }

  it('of later versions may say more', async (t) => {
    const all = await rig(t, {}, { http: { trace: 'start' } })
    const sent = [`traceparent: 01${parent.slice(2)}-more`, 'tracestate: a=1']
    const { received } = await exchange(all, asking(...sent))
    assert.equal(behind(received[0]!, sent), '')
  })

  it('break no line and no request, whatever a peer sends', async (t) => {
    const log = logged(t)
    const port = await nodeBackend(t, (_asked, response) => response.end())
    const http = { requestId: true, trace: 'start', trust: ['127.0.0.1'] } as const
    const { proxy } = await fronted(t, [port], { http, accessLog: log.accessLog })
    const unit = fc.integer({ min: 0x20, max: 0xff }).filter((code) => code !== 0x7f)
    const value = fc.string({ unit: unit.map((code) => String.fromCharCode(code)) })
    const sent = fc.sample(fc.tuple(value, value), 100)
    const all = sent.map(([id, trace]) =>
      keep(get('/', `X-Request-Id: ${id}`, `traceparent: ${trace}`)),
    )
    const { text } = await say(proxy, all.join('') + get('/'))
    assert.equal(text.match(/^HTTP\/1\.1 200/gm)?.length, 101)
    const told = await entries(log)
    assert.equal(told.length, 101)
    for (const { requestId, traceId } of told) {
      assert.match(requestId!, /^[\w.:@=+/~-]+$/)
      assert.match(traceId!, /^[\da-f]{32}$/)
    }
  })
})
