import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { originalWords, WordReader } from '../../src/codecs/original-words.ts'

/** What comes out of a reader, each chunk read before the next is pushed; what is no word in brackets. */
function read(chunks: readonly Buffer[]): string[] {
  const reader = new WordReader()
  const out: string[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    out.push(...drain(reader))
  }
  const rest = reader.rest()
  return rest === undefined ? out : [...out, `[${rest.odd}…]`]
}

function drain(reader: WordReader): string[] {
  const out: string[] = []
  for (let word = reader.next(); word !== undefined; word = reader.next()) {
    out.push(typeof word === 'string' ? word : `[${word.odd}]`)
  }
  return out
}

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

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

const rows: [name: string, text: string, words: string[]][] = [
  ['each word alone', 'divisione', ['divisione']],
  [
    'words that are glued together',
    'sommasottrazionemoltiplicazionedivisioneexit',
    [...originalWords],
  ],
  ['blanks between words', '\r\n somma\r\n\texit \n', ['somma', 'exit']],
  ['nothing', '', []],
  ['blanks alone', ' \r\n', []],
  ['what begins no word', 'sommaxdivisione', ['somma', '[x]']],
  ['what begins like a word', 'sonma', ['[son]']],
  ['a word with a blank in it', 'som ma', ['[som ]']],
  ['a capital letter', 'Somma', ['[S]']],
  ['bytes that are no text', 'exit\xff\x00', ['exit', '[\xff]']],
  ['a word that is cut', 'sommadivis', ['somma', '[divis…]']],
]

describe('a reader of the words of the original system', () => {
  for (const [name, text, words] of rows) {
    it(`reads ${name}, wherever it is cut`, () => {
      const bytes = latin1(text)
      for (let first = 0; first <= bytes.length; first++) {
        for (let second = 0; first + second <= bytes.length; second++) {
          assert.deepEqual(read(cut(bytes, [first, second])), words, `${first}, ${second}`)
        }
      }
      assert.deepEqual(read(cut(bytes, Array(bytes.length).fill(1))), words, 'byte by byte')
    })
  }

  it('gives back any words that were glued and cut anyhow, read at once or late', () => {
    const parts = fc.array(fc.constantFrom(...originalWords, ' ', '\n', '\r\n'), { maxLength: 40 })
    const sizes = fc.array(fc.nat(12), { maxLength: 40 })
    fc.assert(
      fc.property(parts, sizes, (words, cuts) => {
        const chunks = cut(latin1(words.join('')), cuts)
        const wanted = words.filter((word) => word.trim() !== '')
        assert.deepEqual(read(chunks), wanted)
        const late = new WordReader()
        for (const chunk of chunks) late.push(chunk)
        assert.deepEqual(drain(late), wanted)
      }),
      { numRuns: 2_000 },
    )
  })

  it('reads any bytes to the first that fit no word, and holds nothing behind it', () => {
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.string().map(latin1))
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...originalWords)), bytes, (words, odd) => {
        const all = Buffer.concat([latin1(words.join('')), odd])
        const whole = read([all])
        assert.deepEqual(whole.slice(0, words.length), words)
        assert.deepEqual(read(cut(all, Array(all.length).fill(1))), whole)
        const odds = whole.filter((word) => word.startsWith('['))
        assert.ok(odds.length <= 1 && odds.every((each) => each === whole.at(-1)))
      }),
      { numRuns: 2_000 },
    )
  })

  it('takes nothing more once it is lost', () => {
    const reader = new WordReader()
    reader.push(latin1('sommaxexit'))
    reader.push(latin1('exit'))
    assert.deepEqual(drain(reader), ['somma', '[x]'])
    reader.push(latin1('exit'))
    assert.deepEqual(drain(reader), [])
    assert.equal(reader.rest(), undefined)
  })
})
