import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { LineReader, tooLong } from '../../src/codecs/lines.ts'

const limit = 8
const over = '(too long)'

/** What comes out of a reader, each chunk read before the next is pushed. */
function read(chunks: readonly Buffer[], limitBytes = limit): string[] {
  const reader = new LineReader(limitBytes)
  const out: string[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    assert.ok(reader.heldBytes <= limitBytes + 1 + chunk.length)
    out.push(...drain(reader))
    assert.ok(reader.heldBytes <= limitBytes + 1, `${reader.heldBytes} held`)
  }
  const rest = reader.rest()
  return rest === undefined ? out : [...out, shown(rest)]
}

function drain(reader: LineReader): string[] {
  const out: string[] = []
  for (let line = reader.next(); line !== undefined; line = reader.next()) out.push(shown(line))
  return out
}

const shown = (line: Buffer | typeof tooLong): string =>
  line === tooLong ? over : line.toString('latin1')

/** The same told by `split`. */
function model(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.map((line) => line.replace(/\r$/, '')).map((l) => (l.length > limit ? over : l))
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Cuts bytes into chunks, an empty one among them now and then. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return [...chunks, bytes.subarray(at)]
}

const stream = fc
  .array(fc.constantFrom('\n', '\r', '\r\n', 'a', 'bcd', '\xff\x00', '12345678'), { maxLength: 40 })
  .map((parts) => parts.join(''))
const sizes = fc.array(fc.nat(12), { maxLength: 40 })

const rows: [name: string, text: string, lines: string[]][] = [
  ['lines that are glued together', 'a\nbc\r\nd\n', ['a', 'bc', 'd']],
  ['empty lines', '\n\r\n\na\n', ['', '', '', 'a']],
  ['a last line without its end', 'a\nb', ['a', 'b']],
  ['a last line with half of its end', 'a\nb\r', ['a', 'b']],
  ['nothing at all', '', []],
  ['a lone carriage return', 'a\rb\n\rc\n\r', ['a\rb', '\rc', '']],
  ['two carriage returns before the end', 'a\r\r\n', ['a\r']],
  ['bytes that are no UTF-8', '\xff\xc0\x00\n\x80', ['\xff\xc0\x00', '\x80']],
  ['a line at the limit', '12345678\n12345678\r\n12345678', Array(3).fill('12345678')],
  ['a last line at the limit with half of its end', '12345678\r', ['12345678']],
  ['a line one byte over', '123456789\na\n', [over, 'a']],
  ['a line one byte over with \\r\\n', '123456789\r\na\n', [over, 'a']],
  ['a carriage return as the byte too much', '12345678\rx\na\n', [over, 'a']],
  ['two carriage returns at the limit', '12345678\r\r\na\n', [over, 'a']],
  ['a last line that is too long', `a\n${'x'.repeat(30)}`, ['a', over]],
  ['two long lines in a row', `${'x'.repeat(30)}\n${'y'.repeat(30)}\r\n\n`, [over, over, '']],
]

describe('a reader of lines', () => {
  for (const [name, text, lines] of rows) {
    it(`reads ${name}, wherever it is cut`, () => {
      const bytes = latin1(text)
      assert.deepEqual(read([bytes]), lines)
      assert.deepEqual(read(cut(bytes, Array(bytes.length).fill(1))), lines, 'byte by byte')
      for (let first = 0; first <= bytes.length; first++) {
        for (let second = 0; first + second <= bytes.length; second++) {
          assert.deepEqual(read(cut(bytes, [first, second])), lines, `${first}, ${second}`)
        }
      }
    })
  }

  it('gives back any lines that were joined and cut anyhow', () => {
    fc.assert(
      fc.property(stream, sizes, (text, cuts) => {
        assert.deepEqual(read(cut(latin1(text), cuts)), model(text))
      }),
      { numRuns: 2_000 },
    )
  })

  it('gives the same when it is read late or only now and then', () => {
    fc.assert(
      fc.property(stream, sizes, fc.array(fc.nat(3)), (text, cuts, reads) => {
        const reader = new LineReader(limit)
        const out: string[] = []
        for (const [index, chunk] of cut(latin1(text), cuts).entries()) {
          reader.push(chunk)
          for (let left = reads[index] ?? 0; left > 0; left--) {
            const line = reader.next()
            if (line !== undefined) out.push(shown(line))
          }
        }
        out.push(...drain(reader))
        const rest = reader.rest()
        assert.deepEqual(rest === undefined ? out : [...out, shown(rest)], model(text))
      }),
      { numRuns: 2_000 },
    )
  })

  it('says that a line is too long before its end has come, and only once', () => {
    const reader = new LineReader(limit)
    reader.push(latin1('123456'))
    assert.equal(reader.next(), undefined)
    reader.push(latin1('789'))
    assert.equal(reader.next(), tooLong)
    assert.equal(reader.heldBytes, 0)
    for (let times = 0; times < 100; times++) {
      reader.push(latin1('more of it'))
      assert.equal(reader.next(), undefined)
      assert.equal(reader.heldBytes, 0)
    }
    assert.equal(reader.rest(), undefined)
  })

  it('counts what it holds', () => {
    const reader = new LineReader(limit)
    reader.push(latin1('ab\ncd\nef'))
    reader.push(latin1('gh\nij'))
    assert.equal(reader.heldBytes, 13)
    assert.equal(shown(reader.next()!), 'ab')
    assert.equal(reader.heldBytes, 10)
    assert.equal(shown(reader.next()!), 'cd')
    assert.equal(shown(reader.next()!), 'efgh')
    assert.equal(reader.heldBytes, 2)
    assert.equal(reader.next(), undefined)
    assert.equal(reader.heldBytes, 2)
  })

  it('gives views of a chunk, and copies of what lies in several that stay as they are', () => {
    const reader = new LineReader(limit)
    const chunk = latin1('ab\ncd')
    reader.push(chunk)
    const view = reader.next()
    assert.ok(view instanceof Buffer && view.buffer === chunk.buffer)
    assert.equal(view.byteOffset, chunk.byteOffset)
    assert.equal(reader.next(), undefined)
    reader.push(latin1('ef\ngh'))
    const copy = reader.next()!
    assert.equal(reader.next(), undefined)
    reader.push(latin1('ij\n'))
    assert.equal(shown(reader.next()!), 'ghij')
    assert.equal(shown(copy), 'cdef')
  })

  it('copies what it has of a line a few times at most, in however many chunks it comes', (t) => {
    const reader = new LineReader(65_536)
    const allocated = t.mock.method(Buffer, 'allocUnsafe')
    const letter = latin1('x')
    for (let times = 0; times < 65_536; times++) {
      reader.push(letter)
      assert.equal(reader.next(), undefined)
    }
    assert.ok(allocated.mock.callCount() < 16, `${allocated.mock.callCount()} times`)
    reader.push(latin1('\r\n'))
    assert.equal((reader.next() as Buffer).length, 65_536)
  })
})
