import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { feeds, latin1 } from '../support/http1.ts'
import { until } from '../support/proxied.ts'
import { added, date, exchange, ok, type Rig, rig } from './raw-http.ts'

const host = 'Host: a.test\r\n'
const chunked = 'Transfer-Encoding: chunked\r\n'
const next = 'GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n'

const post = (fields: string, body: string): string =>
  `POST / HTTP/1.1\r\n${host}${fields}\r\n${body}`
const forwarded = (fields: string, body: string): string =>
  `POST / HTTP/1.1\r\n${host}${fields}${added()}\r\n${body}`
const forwardedChunks = (body: string): string =>
  `POST / HTTP/1.1\r\n${host}${added().replace(/^/, chunked)}\r\n${body}`
const answer = (fields: string, body = ''): string =>
  `HTTP/1.1 200 OK\r\n${date}${fields}\r\n${body}`

/** Whole, byte by byte, and glued to the next message: refused each time, and nothing gets through. */
async function refused(all: Rig, bytes: string, status = 400): Promise<void> {
  for (const fed of [bytes, Array.from(latin1(bytes), (byte) => Buffer.from([byte]))]) {
    const seen = await exchange(all, fed)
    assert.equal(seen.status, status)
    assert.equal(seen.client, 'fin')
    assert.deepEqual(seen.received, [])
  }
  const glued = await exchange(all, bytes + next)
  assert.equal(glued.status, status)
  assert.equal(glued.client, 'fin')
  assert.deepEqual(glued.received, [])
}

/** Whole, cut at every offset, and glued to the next message: the backend gets the same. */
async function passed(all: Rig, bytes: string, wanted: string): Promise<void> {
  for (const fed of feeds(latin1(bytes))) {
    const seen = await exchange(all, fed)
    assert.equal(seen.answer, ok)
    assert.equal(seen.client, 'open')
    assert.deepEqual(seen.received, [wanted])
    assert.equal(seen.isReused, true)
  }
  const before = all.backend.arrivals.length
  const client = await all.connect()
  client.send(bytes + next)
  assert.equal(await client.response(), ok)
  assert.equal(await client.response(), ok)
  const [first, second] = all.backend.arrivals.slice(before)
  assert.equal(first?.text, wanted)
  assert.equal(second?.text, `GET /next HTTP/1.1\r\n${host}${added()}\r\n`)
}

describe('the framing of a request', () => {
  it('row 21: Content-Length and Transfer-Encoding together are refused', async (t) => {
    const all = await rig(t)
    await refused(all, post(`Content-Length: 5\r\n${chunked}`, '0\r\n\r\n'))
    await refused(all, post(`${chunked}Content-Length: 5\r\n`, '0\r\n\r\n'))
    assert.equal(
      all.backend.arrivals.every(({ text }) => text.startsWith('GET /probe')),
      true,
    )
  })

  it('row 22: a coding that does not end in chunked is refused', async (t) => {
    const all = await rig(t)
    await refused(all, post('Transfer-Encoding: gzip\r\n', 'x'))
    await refused(all, post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'))
    await refused(all, post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), 501)
    await refused(all, post(`${chunked}${chunked}`, '0\r\n\r\n'))
  })

  it('row 22: chunked in any casing is forwarded in plain form', async (t) => {
    const all = await rig(t)
    const body = '5\r\nhello\r\n0\r\n\r\n'
    await passed(all, post('transfer-ENCODING:\tChunked \r\n', body), forwardedChunks(body))
  })

  it('row 23: codings that look like chunked are refused', async (t) => {
    const all = await rig(t)
    for (const value of ['chunked, chunked', 'chunked;q=1', 'xchunked', '\x0bchunked']) {
      await refused(all, post(`Transfer-Encoding: ${value}\r\n`, '0\r\n\r\n'))
    }
  })

  it('row 24: Transfer-Encoding in HTTP/1.0 is refused', async (t) => {
    const all = await rig(t)
    await refused(all, `POST / HTTP/1.0\r\n${host}${chunked}\r\n0\r\n\r\n`)
  })

  it('row 25: a Content-Length that is not a plain number is refused', async (t) => {
    const all = await rig(t)
    for (const value of [
      '',
      '+5',
      '-5',
      '0x5',
      '5 5',
      '5,',
      '1e1',
      '9007199254740993',
      '5\u00b2',
    ]) {
      await refused(all, post(`Content-Length: ${value}\r\n`, 'hello'))
    }
  })

  it('row 26: Content-Length twice is refused, also with one value', async (t) => {
    const all = await rig(t)
    await refused(all, post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'))
    await refused(all, post('Content-Length: 5, 5\r\n', 'hello'))
  })

  it('row 27: one framing reaches the backend, the one that was read', async (t) => {
    const all = await rig(t)
    await passed(
      all,
      post('Content-Length: 5\r\n', 'hello'),
      forwarded('Content-Length: 5\r\n', 'hello'),
    )
    const odd = forwarded('', 'hello').replace('Via:', 'Content-Length: 5\r\nVia:')
    await passed(all, post('Content-Length:  005\t\r\n', 'hello'), odd)
  })

  it('row 36: no method changes the framing', async (t) => {
    const all = await rig(t)
    for (const method of ['GET', 'DELETE', 'OPTIONS', 'PATCH', 'PURGE']) {
      for (const [fields, sent] of [
        ['Content-Length: 5\r\n', 'hello'],
        [chunked, '5\r\nhello\r\n0\r\n\r\n'],
      ] as const) {
        const seen = await exchange(all, post(fields, sent).replace('POST', method))
        const wanted = fields === chunked ? forwardedChunks(sent) : forwarded(fields, sent)
        assert.deepEqual(seen.received, [wanted.replace('POST', method)])
        assert.equal(seen.isReused, true)
      }
    }
  })
})

describe('the framing of a response', () => {
  const broken: readonly (readonly [row: number, what: string, fields: string, body?: string])[] = [
    [21, 'Content-Length beside Transfer-Encoding', `Content-Length: 5\r\n${chunked}`, '0\r\n\r\n'],
    [22, 'a coding other than chunked', 'Transfer-Encoding: gzip\r\n', 'x'],
    [23, 'a coding that looks like chunked', 'Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'],
    [25, 'an empty Content-Length', 'Content-Length: \r\n'],
    [25, 'a Content-Length with a sign', 'Content-Length: +5\r\n', 'hello'],
    [26, 'Content-Length twice', 'Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'],
  ]
  for (const [row, what, fields, body] of broken) {
    it(`row ${row}: ${what} in a response is a 502, and the connection is gone`, async (t) => {
      const all = await rig(t, { answer: () => answer(fields, body) })
      const seen = await exchange(all, next)
      assert.equal(seen.status, 502)
      assert.match(seen.answer, /\(BACKEND_FRAMING\)/)
      assert.equal(seen.client, 'open')
      assert.equal(seen.isReused, false)
      assert.equal(all.backend.ends[0]?.ending, 'fin')
    })
  }

  it('row 24: Transfer-Encoding in an HTTP/1.0 response is a 502', async (t) => {
    const all = await rig(t, { answer: () => `HTTP/1.0 200 OK\r\n${chunked}\r\n0\r\n\r\n` })
    const seen = await exchange(all, next)
    assert.equal(seen.status, 502)
    assert.equal(seen.isReused, false)
  })

  it('row 28: what has no body gets none, whatever its fields say', async (t) => {
    const fieldsOf = { length: 'Content-Length: 5\r\n', chunked, none: '' }
    let reply = ''
    const all = await rig(t, { answer: () => reply })
    for (const [kind, fields] of Object.entries(fieldsOf)) {
      for (const [method, status] of [
        ['HEAD', '200 OK'],
        ['GET', '204 No Content'],
        ['GET', '304 Not Modified'],
      ] as const) {
        reply = `HTTP/1.1 ${status}\r\n${date}${fields}\r\n`
        const seen = await exchange(all, next.replace('GET', method))
        const isKept = status !== '204 No Content'
        const wanted = `HTTP/1.1 ${status}\r\n${date}${isKept ? fields : ''}\r\n`
        assert.equal(seen.answer, wanted, `${method} ${status} ${kind}`)
        assert.equal(seen.client, 'open')
        assert.equal(seen.isReused, true)
      }
    }
  })

  it('row 28: a body behind a head that has none is not another response', async (t) => {
    const all = await rig(t, { answer: () => answer('Content-Length: 5\r\n', 'hello') })
    const seen = await exchange(all, next.replace('GET', 'HEAD'))
    assert.equal(seen.answer, answer('Content-Length: 5\r\n'))
    assert.equal(seen.client, 'open')
    assert.equal(seen.isReused, false)
    assert.equal(all.proxy.view().http?.desyncs, 1)
  })

  it('row 29: 1xx and 204 say nothing of a body', async (t) => {
    const fields = 'Content-Length: 0\r\nX-Kept: 1\r\n'
    const interim = `HTTP/1.1 103 Early Hints\r\n${fields}\r\n`
    const all = await rig(t, {
      answer: () => `${interim}HTTP/1.1 204 No Content\r\n${date}${fields}\r\n`,
    })
    const client = await all.connect()
    client.send(next)
    assert.equal(await client.response(), 'HTTP/1.1 103 Early Hints\r\nX-Kept: 1\r\n\r\n')
    assert.equal(await client.response(), `HTTP/1.1 204 No Content\r\n${date}X-Kept: 1\r\n\r\n`)
  })

  it('row 30: a client of HTTP/1.0 gets no chunks', async (t) => {
    const body = '5;x=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n'
    const all = await rig(t, { answer: () => answer(chunked, body) })
    const seen = await exchange(all, 'GET / HTTP/1.0\r\n\r\n')
    assert.equal(seen.answer, answer('Connection: close\r\n', 'hello world'))
    assert.equal(seen.client, 'fin')
    assert.equal(seen.isReused, true)
  })

  it('row 31: a backend of HTTP/1.0 gets no chunks, until it speaks HTTP/1.1', async (t) => {
    let minor = 0
    const all = await rig(t, {
      answer: () =>
        `HTTP/1.${minor} 200 OK\r\n${date}Connection: keep-alive\r\nContent-Length: 2\r\n\r\nok`,
    })
    const upload = post(chunked, '5\r\nhello\r\n0\r\n\r\n')
    const client = await all.connect()
    client.send(next)
    assert.match(await client.response(), /^HTTP\/1.1 200 /)
    client.send(upload)
    assert.match(await client.response(), /^HTTP\/1.1 411 .*\(REQUEST_LENGTH\)/s)
    assert.equal(await client.left(), 'fin')
    assert.equal(all.backend.arrivals.length, 1)
    minor = 1
    assert.equal((await exchange(all, post('Content-Length: 2\r\n', 'hi'))).status, 200)
    assert.deepEqual((await exchange(all, upload)).received, [
      forwardedChunks('5\r\nhello\r\n0\r\n\r\n'),
    ])
  })

  for (const [what, fields, body] of [
    ['a length', 'Content-Length: 9\r\n', 'hello'],
    ['chunks', chunked, '5\r\nhello\r\n'],
    ['chunks cut within one', chunked, '9\r\nhello'],
    ['chunks cut before the last line', chunked, '5\r\nhello\r\n0\r\n'],
  ] as const) {
    it(`row 32: a response cut short of ${what} is broken off, never ended`, async (t) => {
      const all = await rig(t, {
        answer: ({ end }) => {
          end.socket.end(answer(fields, body))
          return undefined
        },
      })
      const client = await all.connect()
      client.send(next)
      assert.equal(await client.left(), 'reset')
      assert.doesNotMatch(client.text, /0\r\n\r\n$/)
    })
  }

  it('row 33: what ends with the connection is chunked for HTTP/1.1', async (t) => {
    const all = await rig(t, {
      answer: ({ end }) => {
        end.socket.end(answer('', 'hello'))
        return undefined
      },
    })
    const seen = await exchange(all, next)
    assert.equal(seen.answer, answer(chunked, '5\r\nhello\r\n0\r\n\r\n'))
    assert.equal(seen.client, 'open')
    assert.equal(seen.isReused, false)
    const old = await exchange(all, 'GET / HTTP/1.0\r\n\r\n')
    assert.equal(old.answer, answer('Connection: close\r\n', 'hello'))
  })

  it('row 33: a reset is not the end of what ends with the connection', async (t) => {
    const all = await rig(t, { answer: () => answer('', 'hello') })
    for (const request of [next, 'GET / HTTP/1.0\r\n\r\n']) {
      const client = await all.connect()
      client.send(request)
      await client.sees('hello')
      all.backend.ends.at(-1)!.socket.resetAndDestroy()
      assert.equal(await client.left(), 'reset')
      assert.doesNotMatch(client.text, /0\r\n\r\n$/)
    }
  })

  it('row 34: an answer before the end of its request makes both connections end', async (t) => {
    const early = answer('Content-Length: 4\r\n', 'full').replace('200 OK', '413 Content Too Large')
    const all = await rig(t, {
      atHead: ({ text }) => (text.startsWith('POST') ? early : undefined),
    })
    const seen = await exchange(all, post('Content-Length: 9\r\n', 'hello'))
    assert.equal(seen.answer, early.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
    assert.equal(seen.client, 'fin')
    assert.deepEqual(seen.received, [])
    assert.equal(seen.isReused, false)
  })

  it('row 34: an early answer does not make the rest of the body a request', async (t) => {
    const all = await rig(t, { atHead: () => ok })
    const client = await all.connect()
    client.send(post('Content-Length: 99\r\n', ''))
    assert.match(await client.response(), /^HTTP\/1.1 200 OK\r\n.*Connection: close/s)
    client.send(next)
    assert.equal(await client.left(), 'fin')
    assert.equal(client.text, '')
    assert.equal(all.backend.ends.length, 1)
    assert.doesNotMatch(all.backend.ends[0]!.text, /\/next/)
  })

  it('row 35: bytes behind a response are not another one', async (t) => {
    const second = answer('Content-Length: 6\r\n', 'poison')
    for (const reply of [ok, answer(chunked, '2\r\nok\r\n0\r\n\r\n')]) {
      const all = await rig(t, { answer: () => reply + second })
      const seen = await exchange(all, next)
      assert.equal(seen.answer, reply)
      assert.equal(seen.client, 'open')
      assert.equal(seen.isReused, false)
      assert.equal(all.proxy.view().http?.desyncs, 1)
      assert.equal(all.told('desync').length, 1)
    }
  })

  it('row 35: bytes on an idle connection end it', async (t) => {
    const all = await rig(t)
    const client = await all.connect()
    client.send(next)
    assert.equal(await client.response(), ok)
    all.backend.ends[0]!.send(ok)
    assert.equal(await all.backend.ends[0]!.left(), 'fin')
    assert.equal(all.proxy.view().http?.desyncs, 1)
    client.send(next)
    assert.equal(await client.response(), ok)
    assert.equal(client.text, '')
    assert.equal(all.backend.arrivals[1]?.connection, 1)
  })

  it('row 38: a broken response leaves nothing behind for another client', async (t) => {
    const all = await rig(t, { answer: () => undefined })
    const [one, other] = [await all.connect(), await all.connect()]
    one.send(next)
    await until(() => all.backend.arrivals.length === 1)
    other.send(next)
    await until(() => all.backend.arrivals.length === 2)
    all.backend.ends[0]!.send(answer(chunked, '5\r\nsecret'))
    assert.equal(await one.left(), 'reset')
    all.backend.ends[1]!.send(ok)
    assert.equal(await other.response(), ok)
  })
})
