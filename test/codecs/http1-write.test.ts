import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { simpleAnswer } from '../../src/codecs/http1-answer.ts'
import { DONE } from '../../src/codecs/http1-faults.ts'
import { RequestHead } from '../../src/codecs/http1-request.ts'
import { ResponseHead } from '../../src/codecs/http1-response.ts'
import {
  headRoom,
  writeChunkHead,
  writeLastChunk,
  writeRequestHead,
  writeResponseHead,
} from '../../src/codecs/http1-write.ts'
import { get, response } from '../fixtures/http1/messages.ts'
import { latin1, plainRequest } from '../support/http1.ts'

const answer = { status: 503, code: 'NO_BACKEND', message: 'no backend may take the request' }
const plainResponse = { block: null, date: Buffer.from('Date: x\r\n'), chunked: false } as const

describe('a head', () => {
  it('is written where it is told and not beyond its room', () => {
    const bytes = latin1(get('A: 1\r\nConnection: close\r\n'))
    const head = new RequestHead()
    assert.equal(head.parse(bytes, 0, bytes.length), DONE)
    const out = Buffer.alloc(10 + headRoom(head, plainRequest), '.')
    const to = writeRequestHead(out, 10, head, bytes, plainRequest)
    assert.equal(out.toString('latin1', 9, to + 1), `.${get('A: 1\r\n')}.`)
    assert.equal(writeRequestHead(out, 11, head, bytes, plainRequest), -1)
  })

  it('of a response is not written without room', () => {
    const bytes = latin1(response('A: 1\r\n'))
    const head = new ResponseHead()
    head.reset('other')
    assert.equal(head.parse(bytes, 0, bytes.length), DONE)
    const options = { ...plainResponse, connection: 'keep-alive' } as const
    const out = Buffer.alloc(headRoom(head, options))
    const to = writeResponseHead(out, 0, head, bytes, options)
    assert.equal(
      out.toString('latin1', 0, to),
      response('A: 1\r\nDate: x\r\nConnection: keep-alive\r\n'),
    )
    assert.equal(writeResponseHead(out, 1, head, bytes, options), -1)
  })

  it('follows its bytes when they have been moved', () => {
    const bytes = latin1(`12345${get('A: 1\r\n')}`)
    const head = new RequestHead()
    assert.equal(head.parse(bytes, 5, bytes.length), DONE)
    head.start = 0
    const out = Buffer.alloc(1_000)
    const to = writeRequestHead(out, 0, head, bytes.subarray(5), plainRequest)
    assert.equal(out.toString('latin1', 0, to), get('A: 1\r\n'))
  })
})

describe('a head whose path loses its first segments', () => {
  const written = (request: string, stripBytes: number, options = {}): string => {
    const bytes = latin1(request)
    const head = new RequestHead()
    assert.equal(head.parse(bytes, 0, bytes.length), DONE)
    const all = { ...plainRequest, ...options, stripBytes }
    const out = Buffer.alloc(headRoom(head, all))
    return out.toString('latin1', 0, writeRequestHead(out, 0, head, bytes, all))
  }
  const about = (target: string, method = 'GET'): string =>
    `${method} ${target} HTTP/1.1\r\nHost: h\r\nA: 1\r\n`

  it('begins with a slash, keeps the rest byte for byte, and tells of the prefix', () => {
    for (const [target, left] of [
      ['/api/x', '/x'],
      ['/api', '/'],
      ['/api/', '/'],
      ['/api///evil.example//x?//', '/evil.example//x?//'],
      ['/api//', '/'],
      ['/api?q=/api', '/?q=/api'],
      ['/api//x/../%2f?', '/x/../%2f?'],
    ] as const) {
      const wanted = `${about(left)}X-Forwarded-Prefix: /api\r\n\r\n`
      assert.equal(written(`${about(target)}\r\n`, 4), wanted)
      const absolute = `GET http://h${target} HTTP/1.1\r\nHost: h\r\nA: 1\r\n\r\n`
      assert.equal(written(absolute, 4), wanted)
    }
    const wanted = `${about('/', 'OPTIONS')}X-Forwarded-Prefix: /api\r\n\r\n`
    assert.equal(written(`${about('/api', 'OPTIONS')}\r\n`, 4), wanted)
    const old = 'GET /api/x HTTP/1.0\r\nA: 1\r\n\r\n'
    const renewed = 'GET /x HTTP/1.1\r\nHost: \r\nA: 1\r\nX-Forwarded-Prefix: /api\r\n\r\n'
    assert.equal(written(old, 4), renewed)
  })

  it('tells of prefixes before only when a trusted peer does', () => {
    const claimed = `${about('/api/x').replace('A: 1', 'X-Forwarded-Prefix: /evil')}\r\n`
    const ours = 'GET /x HTTP/1.1\r\nHost: h\r\nX-Forwarded-Prefix: /api\r\n\r\n'
    assert.equal(written(claimed, 4), ours)
    const theirs = ours.replace('h\r\n', 'h\r\nX-Forwarded-Prefix: /evil\r\n')
    assert.equal(written(claimed, 4, { trusted: true }), theirs)
  })

  it('has room for its lines', () => {
    const path = `/${'x'.repeat(4_000)}`
    const wanted = `${about('/')}X-Forwarded-Prefix: ${path}\r\n\r\n`
    assert.equal(written(`${about(path)}\r\n`, path.length), wanted)
  })
})

describe('a chunk', () => {
  it('has its size in hex', () => {
    const out = Buffer.alloc(20)
    assert.equal(out.toString('latin1', 0, writeChunkHead(out, 0, 65_536)), '10000\r\n')
    assert.equal(writeChunkHead(out, 5, 1), -1)
  })

  it('that is the last has the trailers behind it', () => {
    const out = Buffer.alloc(16)
    assert.equal(out.toString('latin1', 0, writeLastChunk(out, 0, null)), '0\r\n\r\n')
    const trailers = latin1('A: 1\r\n')
    assert.equal(out.toString('latin1', 0, writeLastChunk(out, 0, trailers)), '0\r\nA: 1\r\n\r\n')
    assert.equal(writeLastChunk(out, 6, trailers), -1)
  })
})

describe('an answer of our own', () => {
  it('is text that says what happened', () => {
    const text = simpleAnswer({ ...answer, close: true }).toString()
    assert.match(text, /^HTTP\/1\.1 503 Service Unavailable\r\n/)
    assert.match(text, /\r\nConnection: close\r\n/)
    assert.match(text, /\r\n\r\n503 Service Unavailable: no backend .* \(NO_BACKEND\)\n$/)
    assert.equal(bodyLength(text), Number(/Content-Length: (\d+)/.exec(text)![1]))
  })

  it('is JSON for programs', () => {
    const text = simpleAnswer({ ...answer, json: true }).toString()
    assert.deepEqual(JSON.parse(text.slice(text.indexOf('\r\n\r\n'))), {
      statusCode: 503,
      code: 'NO_BACKEND',
      error: 'Service Unavailable',
      message: answer.message,
    })
  })

  it('has no body for HEAD', () => {
    const text = simpleAnswer({ ...answer, toHead: true }).toString()
    assert.equal(bodyLength(text), 0)
    assert.match(text, /Content-Length: [1-9]/)
  })

  it('row 71: lets no value end its line', () => {
    const headers = { Allow: 'GET\r\nX-Evil: 1\r\n\r\n<p>' }
    const text = simpleAnswer({ ...answer, headers }).toString()
    assert.match(text, /\r\nAllow: GETX-Evil: 1<p>\r\n/)
  })

  it('is read by our own parser', () => {
    const bytes = simpleAnswer({ ...answer, date: Buffer.from('Date: x\r\n') })
    const head = new ResponseHead()
    head.reset('other')
    assert.equal(head.parse(bytes, 0, bytes.length), DONE)
    assert.equal(head.hasDate, true)
    assert.equal(head.end + head.contentLength, bytes.length)
  })
})

function bodyLength(text: string): number {
  return text.length - text.indexOf('\r\n\r\n') - 4
}
