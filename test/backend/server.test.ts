import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { createBackend } from '../../backend/server.ts'
import { hear, startBackend } from './hear.ts'

const HTML = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
const JSON_TYPE = 'application/json'
const forms = [HTML, JSON_TYPE, 'text/plain'] as const

describe('digits', () => {
  it('come as text with a final newline, to curl and to whoever asks for it', async (t) => {
    const backend = await startBackend(t, { name: 'pi-1' })
    for (const options of [{}, { accept: '*/*' }, { accept: 'text/plain' }]) {
      const { status, headers, body } = await hear(backend, '/10', options)
      assert.deepEqual([status, body], [200, '3.1415926535\n'])
      assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
      assert.equal(headers.vary, 'Accept')
      assert.equal(headers['x-backend'], 'pi-1')
    }
  })

  it('come as JSON', async (t) => {
    const backend = await startBackend(t, { name: 'pi-1' })
    const { headers, body } = await hear(backend, '/5', { accept: JSON_TYPE })
    const { ms, ...rest } = JSON.parse(body)
    assert.deepEqual(rest, { digits: 5, pi: '3.14159', backend: 'pi-1' })
    assert.ok(ms >= 0)
    assert.equal(headers['content-type'], 'application/json; charset=utf-8')
    assert.equal(headers['x-backend'], 'pi-1')
  })

  it('come as a page that names them, the backend and the time, and loads nothing', async (t) => {
    const backend = await startBackend(t, { name: 'pi-1' })
    const { headers, body } = await hear(backend, '/20', { accept: HTML })
    assert.equal(headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(headers.vary, 'Accept')
    assert.equal(headers['x-backend'], 'pi-1')
    assert.match(
      String(headers['content-security-policy']),
      /default-src 'none'; style-src 'sha256-/,
    )
    assert.match(body, />3\.<\/span><p>1415926535 8979323846<\/p>/)
    for (const shown of ['to 20 digits', '>pi-1<', ' ms<']) assert.ok(body.includes(shown), shown)
    assert.doesNotMatch(body, /<script|<link|<img|\bstyle=|https?:/)
  })

  it('start with none and end at the limit', async (t) => {
    const backend = await startBackend(t, { digitsLimit: 50 })
    assert.equal((await hear(backend, '/0')).body, '3\n')
    assert.equal((await hear(backend, '/1')).body, '3.1\n')
    assert.equal((await hear(backend, '/50')).body.length, 53)
    assert.equal((await hear(backend, '/51')).status, 400)
    assert.match((await hear(backend, '/0', { accept: HTML })).body, />3<\/span>/)
  })

  it('come from a thread when there are many, and the page shows the first of them', async (t) => {
    const backend = await startBackend(t)
    const text = await hear(backend, '/20000')
    assert.equal(text.body.length, 20_003)
    const page = await hear(backend, '/20000', { accept: HTML })
    assert.ok(page.body.length < 20_000)
    assert.match(page.body, /href="\/20000\?format=text"/)
    assert.ok(page.body.includes(text.body.slice(-11, -1)), 'the page shows the last ten')
  })

  it('come in the form that the address asks for', async (t) => {
    const backend = await startBackend(t)
    assert.equal((await hear(backend, '/2?format=text', { accept: HTML })).body, '3.14\n')
    assert.equal(JSON.parse((await hear(backend, '/2?format=json')).body).pi, '3.14')
    const { status, body } = await hear(backend, '/2?format=xml')
    assert.deepEqual([status, body], [400, "unknown format 'xml': one of text, json, html\n"])
  })

  it('are the same from the cache', async (t) => {
    const backend = await startBackend(t, { cache: true })
    const long = await hear(backend, '/5000')
    for (const digits of [4_999, 5_000, 100, 1, 0]) {
      const expected = long.body.slice(0, digits === 0 ? 1 : digits + 2)
      assert.equal((await hear(backend, `/${digits}`)).body, `${expected}\n`)
    }
  })
})

describe('the other paths', () => {
  it('welcomes at / in three forms', async (t) => {
    const backend = await startBackend(t)
    assert.match((await hear(backend, '/')).body, /\/100\n$/)
    assert.equal(JSON.parse((await hear(backend, '/', { accept: JSON_TYPE })).body).example, '/100')
    assert.match((await hear(backend, '/', { accept: HTML })).body, /<a href="\/100">/)
  })

  it('answers HEAD as GET, without the body', async (t) => {
    const backend = await startBackend(t)
    for (const path of ['/', '/100', '/health', '/abc']) {
      const [head, get] = [await hear(backend, path, { method: 'HEAD' }), await hear(backend, path)]
      assert.deepEqual([head.status, head.body], [get.status, ''])
      if (path === '/health') continue // What it says changes all the time.
      assert.equal(head.headers['content-length'], get.headers['content-length'])
    }
  })

  it('refuses other methods, and says which there are', async (t) => {
    const backend = await startBackend(t)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      for (const path of ['/100', '/health', '/no/where']) {
        const { status, headers } = await hear(backend, path, { method })
        assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], `${method} ${path}`)
      }
    }
  })

  it('helps out at unknown paths', async (t) => {
    const backend = await startBackend(t)
    const { status, body } = await hear(backend, '/a/b')
    assert.deepEqual([status, body], [404, "nothing at '/a/b': /100 gives 100 digits of π\n"])
  })
})

describe('bad input', () => {
  const cases = [
    ['/abc', "'abc' is not a number of digits"],
    ['/-1', "'-1' is not a number of digits"],
    ['/1.5', "'1.5' is not a number of digits"],
    ['/1e3', "'1e3' is not a number of digits"],
    ['/+1', "'+1' is not a number of digits"],
    ['/%201', "' 1' is not a number of digits"],
    ['/007', "'007' is not a number of digits"],
    ['/%00', "'\\u{0}' is not a number of digits"],
    ['/%0d%0a', "'\\u{d}\\u{a}' is not a number of digits"],
    ['/%E2%80%AE1', "'\\u{202e}1' is not a number of digits"],
    ['/%D9%A3', "'٣' is not a number of digits"],
    ['/%27', "'\\u{27}' is not a number of digits"],
    ['/1000001', "'1000001' is more digits than this computes"],
    ['/999999999999', "'999999999999' is more digits than this computes"],
    [`/${'9'.repeat(400)}`, `'${'9'.repeat(40)}…' is more digits than this computes`],
    ['/%zz', "cannot decode '/%zz'"],
    ['/%ff', "cannot decode '/%ff'"],
  ] as const
  for (const [path, wrong] of cases) {
    it(`says what is wrong with ${path.slice(0, 50)} and what is allowed`, async (t) => {
      const backend = await startBackend(t, { name: 'pi-1' })
      for (const accept of forms) {
        const { status, headers, body } = await hear(backend, path, { accept })
        assert.equal(status, 400)
        assert.equal(headers.vary, 'Accept')
        assert.equal(headers['x-backend'], 'pi-1')
        assert.ok(headers['content-type']?.startsWith(accept.split(',')[0]!))
        if (accept === HTML) continue
        const message = accept === JSON_TYPE ? JSON.parse(body).message : body
        assert.ok(message.startsWith(wrong), message)
        if (!path.includes('zz') && !path.includes('ff')) assert.match(message, /from 0 to 1000000/)
      }
    })
  }

  it('cannot smuggle markup into a page', async (t) => {
    const backend = await startBackend(t)
    const attack = '<script>alert("1&\'2")</script>'
    for (const path of ['/', '/2?format=', '/a/']) {
      const { body } = await hear(backend, path + encodeURIComponent(attack), { accept: HTML })
      assert.doesNotMatch(body, /<script|"1&/)
    }
    const { body } = await hear(backend, '/', { accept: HTML, headers: { host: 'x"<script>' } })
    assert.doesNotMatch(body, /<script/)
  })
})

describe('listening', () => {
  it('rejects with what the system said when the port is taken', async (t) => {
    const { port } = await startBackend(t)
    await assert.rejects(createBackend({ port }), { code: 'EADDRINUSE', syscall: 'listen' })
  })

  it('calls itself by its address unless it has a name', async (t) => {
    const backend = await startBackend(t)
    assert.equal(backend.name, `127.0.0.1:${backend.port}`)
    assert.equal(backend.url, `http://127.0.0.1:${backend.port}`)
  })

  for (const options of [
    { name: 'a\r\nb: c' },
    { name: 'π' },
    { failRate: 1.1 },
    { failRate: Number.NaN },
    { digitsLimit: 1.5 },
    { digitsLimit: -1 },
    { latencyMs: -1 },
  ]) {
    it(`refuses ${JSON.stringify(options)}`, async () => {
      await assert.rejects(createBackend({ port: 0, ...options }), RangeError)
    })
  }

  it('keeps connections for longer than a minute', async (t) => {
    const backend = await startBackend(t)
    const { headers } = await hear(backend, '/1', { headers: { connection: 'keep-alive' } })
    assert.equal(headers['keep-alive'], 'timeout=72')
  })

  it('survives what is no HTTP', async (t) => {
    const backend = await startBackend(t)
    const socket = connect(backend.port, backend.host)
    socket.end('\x16\x03\x01 what\r\n\r\n')
    let heard = ''
    for await (const chunk of socket) heard += chunk
    assert.match(heard, /^HTTP\/1\.1 400 /)
    assert.equal((await hear(backend, '/1')).status, 200)
  })
})
