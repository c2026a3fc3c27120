import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RequestHead } from '../../src/codecs/http1-request.ts'

const heads = [
  'GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n',
  'GET /longer HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n',
  'GET / HTTP/1.0\r\nHost: a\r\nAccept: */*\r\n\r\n',
  'GET http://a/ HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n',
  'GET http://b/ HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nX: 1\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: u\r\n\r\n',
  'GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: u\r\n\r\n',
  'PUT / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n',
  'PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nAccept: \x01/*\r\n\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n',
]

/** All that a head says of a message. */
function told(head: RequestHead, text: string, at: number): object {
  const bytes = Buffer.from(' '.repeat(at) + text, 'latin1')
  const result = head.parse(bytes, at, bytes.length)
  const { contentLength, end, expectContinue, fault, framing, hostFrom, hostTo, keepAlive } = head
  const { count, seen, table, twice } = head.fields
  const lines = result === 1 ? [...table.slice(0, count * 5)] : []
  const message = { contentLength, end, expectContinue, framing, hostFrom, hostTo, keepAlive }
  return { result, fault, lines, seen, twice, upgrade: head.upgrade, ...(result === 1 && message) }
}

describe('a section that comes again', () => {
  it('says what it said before, whatever came in between', () => {
    const sent = fc.array(fc.record({ head: fc.nat(heads.length - 1), at: fc.nat(3) }), {
      minLength: 2,
      maxLength: 12,
    })
    fc.assert(
      fc.property(sent, (messages) => {
        const used = new RequestHead()
        for (const { head, at } of messages) {
          used.reset()
          const text = heads[head]!
          assert.deepEqual(told(used, text, at), told(new RequestHead(), text, at), text)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('is read again when one byte differs', () => {
    const [text] = heads as [string]
    for (let at = 'GET / HTTP/1.1\r\n'.length; at < text.length; at++) {
      const used = new RequestHead()
      for (let times = 0; times < 3; times++) {
        used.reset()
        told(used, text, 0)
      }
      for (const byte of ['\0', '\n', ':', 'z']) {
        const changed = text.slice(0, at) + byte + text.slice(at + 1)
        used.reset()
        assert.deepEqual(told(used, changed, 0), told(new RequestHead(), changed, 0), changed)
      }
    }
  })
})
