import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { latin1 } from '../support/http1.ts'
import { added, date, exchange, type Rig, rig } from './raw-http.ts'

const host = 'Host: a.test\r\n'
const chunked = 'Transfer-Encoding: chunked\r\n'
const post = (body: string, fields = ''): string =>
  `POST / HTTP/1.1\r\n${host}${fields}${chunked}\r\n${body}`
const forwarded = (body: string, fields = ''): string =>
  `POST / HTTP/1.1\r\n${host}${fields}${chunked}${added()}\r\n${body}`
const bytewise = (text: string): Buffer[] => Array.from(latin1(text), (byte) => Buffer.from([byte]))

/** The request is refused, and the backend never gets a whole one. */
async function refused(all: Rig, body: string, status = 400): Promise<void> {
  for (const fed of [post(body), bytewise(post(body))]) {
    const seen = await exchange(all, fed)
    assert.equal(seen.status, status)
    assert.equal(seen.client, 'fin')
    assert.deepEqual(seen.received, [])
    assert.equal(seen.isReused, false)
  }
}

/** An answer with this body is broken off, or a 502 when nothing of it has been sent. */
async function broken(all: Rig, request: string): Promise<void> {
  const client = await all.connect()
  client.send(request)
  assert.equal(await client.left(), 'reset')
  assert.doesNotMatch(client.text, /0\r\n\r\n$/)
  await all.backend.ends.at(-1)!.left()
}

describe('the chunks of a request', () => {
  it('row 37: a chunk size is 1 to 13 hex digits', async (t) => {
    const all = await rig(t)
    for (const size of [
      '',
      '-1',
      '+5',
      '0x5',
      ' 5',
      '5 5',
      'g',
      '00000000000005',
      'fffffffffffffffff',
    ]) {
      await refused(all, `${size}\r\nhello\r\n0\r\n\r\n`)
    }
    const zeros = '0000000000005\r\nhello\r\n0\r\n\r\n'
    assert.deepEqual((await exchange(all, post(zeros))).received, [forwarded(zeros)])
  })

  it('row 38: CRLF follows the size, the data and the trailers', async (t) => {
    const all = await rig(t)
    await refused(all, '5\nhello\r\n0\r\n\r\n')
    await refused(all, '5\r\nhello\n0\r\n\r\n')
    await refused(all, '5\r\nhelloXX0\r\n\r\n')
    await refused(all, '5\r\nhello0\r\n\r\n')
    await refused(all, '5\r\nhello\r\n0\n\r\n')
    await refused(all, '5\r\nhello\r\n0\r\nX: 1\n\r\n')
    await refused(all, '5\r\nhello\r\n0\r\n\n')
  })

  it('row 39: extensions are not forwarded, and bounded', async (t) => {
    const all = await rig(t)
    const seen = await exchange(all, bytewise(post('5;a=1\r\nhello\r\n0;b="2"\r\n\r\n')))
    assert.deepEqual(seen.received, [forwarded('5\r\nhello\r\n0\r\n\r\n')])
    assert.equal(seen.isReused, true)
    await refused(all, `5;${'a'.repeat(257)}\r\nhello\r\n0\r\n\r\n`)
    await refused(all, `${`1;${'a'.repeat(200)}\r\nx\r\n`.repeat(21)}0\r\n\r\n`)
    await refused(all, '5;a\nb\r\nhello\r\n0\r\n\r\n')
  })

  it('row 40: trailers stay trailers, without those that could act', async (t) => {
    const all = await rig(t)
    const acting = `${host}Content-Length: 9\r\nAuthorization: x\r\nX-Hop: 1\r\nX-Forwarded-For: x\r\n`
    const body = `5\r\nhello\r\n0\r\n${acting}X-Sum: 1\r\n\r\n`
    const seen = await exchange(all, post(body, 'Connection: X-Hop\r\n'))
    assert.deepEqual(seen.received, [forwarded('5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n')])
    assert.equal(seen.isReused, true)
  })

  it('row 41: trailers share the limits of the head', async (t) => {
    const all = await rig(t)
    await refused(all, `0\r\nX: ${'x'.repeat(16_384)}\r\n\r\n`, 431)
    await refused(all, `0\r\n${'X: 1\r\n'.repeat(99)}\r\n`, 431)
  })

  it('row 42: the last chunk is zeros and CRLF, then trailers, then CRLF', async (t) => {
    const all = await rig(t)
    const seen = await exchange(all, bytewise(post('000\r\nX: 1\r\n\r\n')))
    assert.deepEqual(seen.received, [forwarded('0\r\nX: 1\r\n\r\n')])
    await refused(all, '0\r\n\rX')
    await refused(all, '0\r\nX: 1\r\n\rX\r\n')
    await refused(all, '0\rX\r\n\r\n')
  })
})

describe('the chunks of a response', () => {
  for (const [row, what, body] of [
    [37, 'a chunk size that is none', '5\r\nhello\r\ng\r\n'],
    [38, 'data without its CRLF', '5\r\nhelloXX0\r\n\r\n'],
    [38, 'a bare LF behind a size', '5\nhello\r\n0\r\n\r\n'],
    [39, 'an endless extension', `5;${'x'.repeat(300)}\r\nhello\r\n0\r\n\r\n`],
    [41, 'trailers without end', `0\r\nX: ${'x'.repeat(16_384)}\r\n\r\n`],
    [42, 'an end that is none', '0\r\n\rX'],
  ] as const) {
    it(`row ${row}: ${what} breaks the response off`, async (t) => {
      const reply = `HTTP/1.1 200 OK\r\n${chunked}\r\n${body}`
      const all = await rig(t, {
        answer: ({ end, text }) => {
          if (text.startsWith('GET /whole')) return reply
          void end.sendPieces(bytewise(reply))
          return undefined
        },
      })
      await broken(all, `GET /whole HTTP/1.1\r\n${host}\r\n`)
      await broken(all, `GET /bytes HTTP/1.1\r\n${host}\r\n`)
    })
  }

  const body = '5;x\r\nhello\r\n0\r\nX-Sum: 1\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\n\r\n'
  const reply = `HTTP/1.1 200 OK\r\n${date}Trailer: X-Sum\r\n${chunked}\r\n${body}`
  const head = `HTTP/1.1 200 OK\r\n${date}Trailer: X-Sum\r\n${chunked}\r\n`

  it('row 40: trailers go to a client that takes them, without those that could act', async (t) => {
    const all = await rig(t, { answer: () => reply })
    const seen = await exchange(
      all,
      `GET / HTTP/1.1\r\n${host}Connection: TE\r\nTE: trailers\r\n\r\n`,
    )
    assert.equal(seen.answer, `${head}5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n`)
    assert.match(seen.received[0]!, /\r\nTE: trailers\r\nConnection: TE\r\n/)
    assert.equal(seen.isReused, true)
  })

  it('row 40: trailers do not go to a client that did not ask', async (t) => {
    const all = await rig(t, { answer: () => reply })
    const seen = await exchange(all, `GET / HTTP/1.1\r\n${host}\r\n`)
    assert.equal(seen.answer, `${head}5\r\nhello\r\n0\r\n\r\n`)
    assert.doesNotMatch(seen.received[0]!, /TE:/)
    assert.equal((await exchange(all, `GET / HTTP/1.1\r\n${host}\r\n`)).client, 'open')
  })

  it('row 38: whole, cut at every offset and byte by byte give one answer', async (t) => {
    let pieces: Buffer[] = []
    const all = await rig(t, {
      answer: ({ end }) => {
        void end.sendPieces(pieces)
        return undefined
      },
    })
    const bytes = latin1(reply)
    for (let at = 0; at < bytes.length; at++) {
      pieces = at === 0 ? bytewise(reply) : [bytes.subarray(0, at), bytes.subarray(at)]
      const seen = await exchange(all, `GET / HTTP/1.1\r\n${host}\r\n`)
      assert.equal(seen.answer, `${head}5\r\nhello\r\n0\r\n\r\n`)
      assert.equal(seen.isReused, true)
    }
    assert.equal(all.backend.ends.length, 1)
  })
})
