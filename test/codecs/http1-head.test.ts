import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BAD, DONE, MORE } from '../../src/codecs/http1-faults.ts'
import { Kind } from '../../src/codecs/http1-names.ts'
import { RequestHead } from '../../src/codecs/http1-request.ts'
import { isOffered, ResponseHead } from '../../src/codecs/http1-response.ts'
import { get, response } from '../fixtures/http1/messages.ts'
import { latin1 } from '../support/http1.ts'

describe('RequestHead', () => {
  it('row 16: is not done before its empty line', () => {
    const bytes = latin1(get('A: 1\r\n'))
    const head = new RequestHead()
    for (let end = 0; end < bytes.length; end++) assert.equal(head.parse(bytes, 0, end), MORE)
    assert.equal(head.parse(bytes, 0, bytes.length), DONE)
    assert.equal(head.end, bytes.length)
  })

  it('reads each byte a few times at most, also one at a time', () => {
    const long = get(`A: ${'a'.repeat(7_000)}\r\n${'B: 1\r\n'.repeat(90)}`)
    const bytes = latin1(long.replace('/ ', `/${'a'.repeat(7_000)} `))
    let reads = 0
    const counted = new Proxy(bytes, {
      get(target, key) {
        reads++
        return Reflect.get(target, key, target)
      },
    })
    const head = new RequestHead()
    for (let end = 1; end < bytes.length; end++) assert.equal(head.parse(counted, 0, end), MORE)
    assert.equal(head.parse(counted, 0, bytes.length), DONE)
    assert.ok(reads < 12 * bytes.length, `${reads} reads of ${bytes.length} bytes`)
  })

  it('reads nothing behind the end it is given', () => {
    const bytes = latin1(`${get('')}\n`)
    const head = new RequestHead()
    assert.equal(head.parse(bytes, 0, bytes.length - 2), MORE)
    bytes[bytes.length - 2] = 0x41
    assert.equal(head.parse(bytes, 0, bytes.length), BAD)
  })

  it('goes on when its bytes have been moved', () => {
    const bytes = latin1(`rubbish${get('A: 1\r\n')}`)
    const head = new RequestHead()
    assert.equal(head.parse(bytes, 7, bytes.length - 5), MORE)
    assert.equal(head.parse(bytes.subarray(7), 0, bytes.length - 7), DONE)
    const line = head.fields.find(Kind.HOST)
    assert.equal(head.fields.lowerText(bytes, 7, line), 'a.test')
    assert.equal(bytes.toString('latin1', 7 + head.hostFrom, 7 + head.hostTo), 'a.test')
  })

  it('keeps nothing of the message before', () => {
    const first = latin1(
      get('Connection: close, x\r\nExpect: 100-continue\r\nContent-Length: 5\r\nX: 1\r\n'),
    )
    const second = latin1(get('X: 1\r\n'))
    const [used, fresh] = [new RequestHead(), new RequestHead()]
    for (const [head, bytes] of [
      [used, first],
      [used, second],
      [fresh, second],
    ] as const) {
      head.reset()
      assert.equal(head.parse(bytes, 0, bytes.length), DONE)
    }
    // It counts sections, so that whoever uses a head again knows one that is the same.
    used.fields.section = fresh.fields.section
    assert.deepEqual(snapshot(used), snapshot(fresh))
  })

  it('tells a section that is the very same from others', () => {
    const head = new RequestHead()
    const sectionOf = (fields: string): number => {
      const bytes = latin1(get(fields))
      head.reset()
      assert.equal(head.parse(bytes, 0, bytes.length), DONE)
      return head.fields.section
    }
    const [a, b] = ['User-Agent: a\r\n', 'User-Agent: b\r\n']
    const numbers = [a, a, a, a, b, b, b, a].map(sectionOf)
    // The second of one length in a row is kept; from the next on it is known again.
    assert.deepEqual(
      numbers.map((number, i) => number === numbers[i - 1]),
      [...[false, false, true, true], ...[false, true, true, false]],
    )
  })

  it('has limits that can be set', () => {
    const head = new RequestHead({ headLimitBytes: 100, targetLimitBytes: 10, fieldsLimit: 2 })
    const status = (text: string): number | undefined => {
      head.reset()
      head.parse(latin1(text), 0, text.length)
      return head.fault?.status
    }
    assert.equal(status(get('A: 1\r\n')), undefined)
    assert.equal(status(get('A: 1\r\nB: 1\r\n')), 431)
    assert.equal(status(get(`A: ${'a'.repeat(100)}\r\n`)), 431)
    assert.equal(status(get('').replace('/ ', '/123456789 ')), undefined)
    assert.equal(status(get('').replace('/ ', '/1234567890 ')), 414)
  })
})

describe('ResponseHead', () => {
  it('row 62: compares the protocols of a 101 with those offered', () => {
    assert.equal(isOffered('websocket', 'websocket'), true)
    assert.equal(isOffered('a/1, b', 'b'), true)
    assert.equal(isOffered('websocket', 'h2c'), false)
    assert.equal(isOffered('websocket', 'websocket, h2c'), false)
    assert.equal(isOffered('', ''), false)
  })

  it('row 60: is followed by the next head when it is interim', () => {
    const early = response('Link: a\r\n', '', '103 Early Hints')
    const bytes = latin1(early + response('Content-Length: 0\r\n'))
    const head = new ResponseHead()
    head.reset('other')
    assert.equal(head.parse(bytes, 0, bytes.length), DONE)
    assert.equal(head.interim, true)
    assert.equal(head.end, early.length)
    head.reset('other')
    assert.equal(head.parse(bytes, early.length, bytes.length), DONE)
    assert.equal(head.status, 200)
  })
})

function snapshot(head: RequestHead): unknown {
  const { fields, hop, ...rest } = head
  const { table, ...lines } = fields
  return { ...rest, lines, hop, table: [...table.slice(0, fields.count * 5)] }
}
