import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LengthBody } from '../../src/codecs/http1-body.ts'
import { ChunkedBody } from '../../src/codecs/http1-chunked.ts'
import { RequestHead } from '../../src/codecs/http1-request.ts'
import { latin1 } from '../support/http1.ts'

describe('LengthBody', () => {
  it('row 35: leaves the bytes behind the body', () => {
    const body = new LengthBody()
    body.begin(5)
    const { sink, ranges } = collector()
    assert.equal(body.read(latin1('helloGET'), 0, 8, sink), 5)
    assert.equal(body.done, true)
    assert.deepEqual(ranges, ['hello'])
    assert.equal(body.read(latin1('GET'), 0, 3, sink), 0)
  })

  it('row 32: is not done before its last byte', () => {
    const body = new LengthBody()
    body.begin(5)
    const { sink } = collector()
    assert.equal(body.read(latin1('hell'), 0, 4, sink), 4)
    assert.equal(body.done, false)
    assert.equal(body.remaining, 1)
  })
})

describe('ChunkedBody', () => {
  const text = '5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nGET'

  it('hands on several chunks as one range of the bytes read', () => {
    const { sink, ranges, sources } = collector()
    const bytes = latin1(text)
    const body = begun('keep')
    assert.equal(body.read(bytes, 0, bytes.length, sink), bytes.length - 3)
    assert.equal(body.done, true)
    assert.equal(body.dataBytes, 6)
    assert.deepEqual(ranges, ['5\r\nhello\r\n1\r\n!\r\n'])
    assert.equal(sources[0], bytes)
  })

  it('hands on the data alone', () => {
    const { sink, ranges } = collector()
    const body = begun('strip')
    body.read(latin1(text), 0, text.length, sink)
    assert.deepEqual(ranges, ['hello', '!'])
  })

  it('cuts an extension out with two ranges', () => {
    const { sink, ranges } = collector()
    const bytes = latin1('1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n')
    begun('keep').read(bytes, 0, bytes.length, sink)
    assert.deepEqual(ranges, ['1\r\na\r\n2', '\r\nbc\r\n'])
  })

  it('holds back a size that may become the last chunk', () => {
    const { sink, ranges } = collector()
    const body = begun('keep')
    for (const part of ['1\r\na\r\n0', '\r\n\r', '\n'])
      body.read(latin1(part), 0, part.length, sink)
    assert.equal(body.done, true)
    assert.deepEqual(ranges, ['1\r\na\r\n'])
  })

  it('counts a size up to 2^52 without loss', () => {
    const { sink } = collector()
    const body = begun('strip')
    const bytes = latin1(`fffffffffffff\r\n${'a'.repeat(10)}`)
    assert.equal(body.read(bytes, 0, bytes.length, sink), bytes.length)
    assert.equal(body.fault, null)
    assert.equal(body.dataBytes, 10)
  })

  it('takes nothing more once it is refused', () => {
    const { sink, ranges } = collector()
    const body = begun('keep')
    const bytes = latin1('x\r\n')
    assert.equal(body.read(bytes, 0, bytes.length, sink), 0)
    assert.equal(body.fault?.row, 37)
    assert.equal(body.read(latin1(text), 0, text.length, sink), 0)
    assert.equal(body.done, false)
    assert.deepEqual(ranges, [])
  })
})

function begun(mode: 'keep' | 'strip'): ChunkedBody {
  const body = new ChunkedBody()
  body.begin(mode, new RequestHead())
  return body
}

function collector() {
  const ranges: string[] = []
  const sources: Buffer[] = []
  const sink = {
    data(bytes: Buffer, start: number, end: number): void {
      ranges.push(bytes.toString('latin1', start, end))
      sources.push(bytes)
    },
  }
  return { sink, ranges, sources }
}
