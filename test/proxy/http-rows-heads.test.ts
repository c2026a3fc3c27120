import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { feeds, latin1 } from '../support/http1.ts'
import { until } from '../support/proxied.ts'
import { added, date, exchange, ok, type Rig, rig } from './raw-http.ts'

const host = 'Host: a.test\r\n'
const get = (fields: string, target = '/'): string =>
  `GET ${target} HTTP/1.1\r\n${host}${fields}\r\n`
const forwarded = (fields: string, target = '/'): string =>
  `GET ${target} HTTP/1.1\r\n${host}${fields}${added()}\r\n`
const bytewise = (text: string): Buffer[] => Array.from(latin1(text), (byte) => Buffer.from([byte]))

/** Refused whole and byte by byte, with a reason; nothing reaches the backend. */
async function refused(all: Rig, bytes: string, status = 400): Promise<void> {
  for (const fed of [bytes, bytes + get(''), bytewise(bytes)]) {
    const seen = await exchange(all, fed)
    assert.equal(seen.status, status, JSON.stringify(bytes))
    assert.match(seen.answer, /\r\nConnection: close\r\n/)
    assert.match(seen.answer, /\([A-Z_]+\)\n$/)
    assert.equal(seen.client, 'fin')
    assert.deepEqual(seen.received, [])
  }
}

async function passed(all: Rig, bytes: string, wanted: string): Promise<void> {
  for (const fed of [bytes, bytewise(bytes)]) {
    const seen = await exchange(all, fed)
    assert.equal(seen.answer, ok)
    assert.deepEqual(seen.received, [wanted])
    assert.equal(seen.isReused, true)
  }
}

/** A backend's answer that is none: 502, and its connection is gone. */
async function distrusted(all: Rig): Promise<void> {
  const seen = await exchange(all, get(''))
  assert.equal(seen.status, 502)
  assert.match(seen.answer, /\(BACKEND_FRAMING\)\n$/)
  assert.equal(seen.client, 'open')
  assert.equal(seen.isReused, false)
  await all.backend.ends.at(-2)!.left()
}

describe('the lines of a request', () => {
  it('row 1: bytes are forwarded as they are, in no encoding', async (t) => {
    const all = await rig(t)
    const fields = 'X-Bytes: \xe4\xc3\xa4\xff\xfe\x80\r\n'
    await passed(all, get(fields), forwarded(fields))
  })

  it('row 2: a bare LF ends nothing', async (t) => {
    const all = await rig(t)
    await refused(all, `GET / HTTP/1.1\n${host}\r\n`)
    await refused(all, get('X: 1\n'))
    await refused(all, `GET / HTTP/1.1\r\n${host}\n`)
    await refused(all, `\n${get('')}`)
  })

  it('row 3: a bare CR is refused', async (t) => {
    const all = await rig(t)
    await refused(all, `GET / HTTP/1.1\r${host}\r\n`)
    await refused(all, get('X: a\rb\r\n'))
    await refused(all, get('X: a\r\r\n'))
    await refused(all, get('X\r: a\r\n'))
  })

  it('row 4: one empty line before a request is skipped, and not two', async (t) => {
    const all = await rig(t)
    await passed(all, `\r\n${get('')}`, forwarded(''))
    await refused(all, `\r\n\r\n${get('')}`)
    const client = await all.connect()
    client.send(`${get('')}\r\n${get('')}`)
    assert.equal(await client.response(), ok)
    assert.equal(await client.response(), ok)
  })

  it('row 5: whitespace before the first field is refused', async (t) => {
    const all = await rig(t)
    await refused(all, `GET / HTTP/1.1\r\n ${host}\r\n`)
    await refused(all, `GET / HTTP/1.1\r\n\t\r\n${host}\r\n`)
  })

  it('row 6: the request line is method, target and version, with one space between', async (t) => {
    const all = await rig(t)
    for (const line of [
      'GET  / HTTP/1.1',
      'GET /  HTTP/1.1',
      'GET\t/ HTTP/1.1',
      'GET /\x0bHTTP/1.1',
      ' GET / HTTP/1.1',
      'GET / HTTP/1.1 ',
      'G(T / HTTP/1.1',
      `${'G'.repeat(33)} / HTTP/1.1`,
      'GET /a b HTTP/1.1',
      'GET /\x7f HTTP/1.1',
      'GET /\xe4 HTTP/1.1',
      'GET / http/1.1',
      'GET /',
    ]) {
      await refused(all, `${line}\r\n${host}\r\n`)
    }
    for (const version of ['HTTP/2.0', 'HTTP/1.2', 'HTTP/0.9', 'HTTP/11.1']) {
      await refused(all, `GET / ${version}\r\n${host}\r\n`, 505)
    }
    const unknown = get('').replace('GET', "X-Own'2")
    await passed(all, unknown, forwarded('').replace('GET', "X-Own'2"))
  })

  it('row 7: a target of 8192 bytes is forwarded, a longer one is 414', async (t) => {
    const all = await rig(t)
    const target = `/${'x'.repeat(8_191)}`
    await passed(all, get('', target), forwarded('', target))
    await refused(all, get('', `${target}x`), 414)
  })

  it('row 8: the version that is sent is the proxy’s own', async (t) => {
    const all = await rig(t)
    const seen = await exchange(all, `GET / HTTP/1.0\r\n${host}\r\n`)
    const wanted = `GET / HTTP/1.1\r\n${host}${added('a.test', 0)}\r\n`
    assert.deepEqual(seen.received, [wanted])
    assert.equal(seen.answer, ok.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
  })

  it('row 76: the preface of HTTP/2 is refused as another version', async (t) => {
    const all = await rig(t)
    const seen = await exchange(all, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    assert.match(seen.answer, /^HTTP\/1.1 505 .*\(REQUEST_VERSION\)/s)
    assert.equal(seen.client, 'fin')
    assert.deepEqual(seen.received, [])
  })

  it('row 9: a fragment in the target is refused', async (t) => {
    await refused(await rig(t), get('', '/a#b'))
  })
})

describe('the lines of a response', () => {
  for (const [row, what, reply] of [
    [2, 'a bare LF behind the status line', `HTTP/1.1 200 OK\n${date}Content-Length: 0\r\n\r\n`],
    [2, 'a bare LF behind a field', 'HTTP/1.1 200 OK\r\nX: 1\nContent-Length: 0\r\n\r\n'],
    [3, 'a bare CR in a field', 'HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n'],
    [4, 'an empty line first', `\r\n${ok}`],
    [5, 'whitespace before the first field', 'HTTP/1.1 200 OK\r\n X: 1\r\n\r\n'],
    [6, 'another version', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
    [6, 'another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    [10, 'a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n'],
    [10, 'a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n'],
    [10, 'a status above 599', 'HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n'],
    [11, 'whitespace before a colon', 'HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n'],
    [12, 'a folded line', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n'],
    [13, 'an empty field name', 'HTTP/1.1 200 OK\r\n: a\r\nContent-Length: 0\r\n\r\n'],
    [14, 'NUL in a value', 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n'],
    [15, 'a head of more than 16 KiB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(16_384)}\r\n\r\n`],
    [15, 'more than 100 fields', `HTTP/1.1 200 OK\r\n${'X: 1\r\n'.repeat(101)}\r\n`],
  ] as const) {
    it(`row ${row}: ${what} is a 502`, async (t) => {
      await distrusted(await rig(t, { answer: () => reply }))
    })
  }

  it('row 10: the space before an empty reason is sent', async (t) => {
    let reply = ok.replace('200 OK', '200')
    const all = await rig(t, { answer: () => reply })
    assert.equal((await exchange(all, get(''))).answer, ok.replace('200 OK', '200 '))
    reply = ok.replace('200 OK', '200 ')
    assert.equal((await exchange(all, get(''))).answer, reply)
  })

  it('row 2: cut at every offset, a response gives the same answer', async (t) => {
    let pieces: Buffer[] = []
    const all = await rig(t, {
      answer: ({ end }) => {
        void end.sendPieces(pieces)
        return undefined
      },
    })
    for (pieces of feeds(latin1(ok))) assert.equal((await exchange(all, get(''))).answer, ok)
    assert.equal(all.backend.ends.length, 1)
  })
})

describe('the fields of a request', () => {
  it('row 11: whitespace before a colon is refused', async (t) => {
    const all = await rig(t)
    await refused(all, get('Content-Length : 5\r\n'))
    await refused(all, get('X\t: 5\r\n'))
  })

  it('row 12: a folded line is refused', async (t) => {
    const all = await rig(t)
    await refused(all, get('X: a\r\n b\r\n'))
    await refused(all, get('Transfer-Encoding: chunked\r\n\t, identity\r\n'))
  })

  it('row 13: a field name is a token', async (t) => {
    const all = await rig(t)
    for (const line of [': a', 'X(Y: a', 'X Y: a', 'no colon', '\x80: a', `${'x'.repeat(300)}`]) {
      await refused(all, get(`${line}\r\n`))
    }
    const long = `${'x'.repeat(300)}: 1\r\n`
    await passed(all, get(long), forwarded(long))
  })

  it('row 14: a control character in a value is refused, HTAB is not', async (t) => {
    const all = await rig(t)
    for (const byte of ['\0', '\x01', '\x0b', '\x1f', '\x7f'])
      await refused(all, get(`X: a${byte}\r\n`))
    await passed(all, get('X: a\tb\r\n'), forwarded('X: a\tb\r\n'))
  })

  it('row 15: a head above 16 KiB or 100 fields is 431', async (t) => {
    const all = await rig(t)
    await refused(all, get(`X: ${'x'.repeat(16_384)}\r\n`), 431)
    await refused(all, get('X: 1\r\n'.repeat(100)), 431)
    const most = 'X: 1\r\n'.repeat(99)
    await passed(all, get(most), forwarded(most))
  })

  it('row 16: nothing is done before the head is whole', async (t) => {
    const all = await rig(t)
    const client = await all.connect()
    await client.sendPieces(bytewise(get('X: 1\r\n').slice(0, -1)))
    assert.equal(all.backend.ends.length, 0)
    assert.equal(all.proxy.view().http?.requests, 0)
    client.send('\n')
    assert.equal(await client.response(), ok)
  })

  it('row 17: lines of one name keep their order, their number and their casing', async (t) => {
    const fields = 'COOKIE: a\r\nX-b: 1\r\ncookie: b\r\nx-B: 2\r\nCookie: c\r\n'
    const cookies = 'set-cookie: a=1\r\nSet-Cookie: b=2\r\nSET-COOKIE: a=3\r\n'
    const reply = `HTTP/1.1 200 OK\r\n${cookies}${date}Content-Length: 2\r\n\r\nok`
    const all = await rig(t, { answer: () => reply })
    const seen = await exchange(all, get(fields))
    assert.deepEqual(seen.received, [forwarded(fields)])
    assert.equal(seen.answer, reply)
  })

  it('row 18: unknown fields are forwarded', async (t) => {
    const fields = "X-Never-Heard-Of: 1\r\n!#$%&'*+-.^_`|~09: 2\r\nEmpty:\r\n"
    const all = await rig(t)
    await passed(all, get(fields), forwarded(fields))
  })

  it('row 19: blanks around a value do not belong to it', async (t) => {
    const all = await rig(t)
    const seen = await exchange(all, get('Connection:\t close \t\r\n'))
    assert.deepEqual(seen.received, [forwarded('')])
    assert.equal(seen.client, 'fin')
    await refused(all, get('').replace('a.test', '\xa0a.test'))
  })

  it('row 20: names that look like the proxy’s own fields are dropped, others kept', async (t) => {
    const all = await rig(t)
    const shadows =
      'X_Forwarded_For: x\r\nx-forwarded_HOST: x\r\nContent_Length: 9\r\nTransfer_Encoding: chunked\r\n'
    const others = 'X_Other: 1\r\n_: 2\r\n'
    await passed(all, get(shadows + others), forwarded(others))
    const trusting = await rig(t, {}, { http: { trust: ['127.0.0.0/8'] } })
    const seen = await exchange(trusting, get(shadows + others))
    assert.doesNotMatch(
      seen.received[0]!,
      /X_Forwarded_For|x-forwarded_HOST|Content_Length|Transfer_/,
    )
  })

  it('row 2: cut at every offset, and glued to the next, a request arrives the same', async (t) => {
    const all = await rig(t)
    const bytes = get('X: 1\r\n', '/a?b')
    for (const fed of feeds(latin1(bytes))) {
      const seen = await exchange(all, fed)
      assert.deepEqual(seen.received, [forwarded('X: 1\r\n', '/a?b')])
    }
    const before = all.backend.arrivals.length
    const client = await all.connect()
    client.send(bytes + bytes + bytes)
    await until(() => all.backend.arrivals.length === before + 3)
    for (const { text } of all.backend.arrivals.slice(before)) {
      assert.equal(text, forwarded('X: 1\r\n', '/a?b'))
    }
  })
})
