import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { DictReader, pythonFloat, pythonText } from '../../src/codecs/python-dict.ts'

const hasPython = spawnSync('python3', ['-V']).status === 0
const needsPython = { skip: !hasPython && 'there is no python3' }

/** What a reader makes of chunks: the dict, why there is none, or undefined. */
function read(chunks: readonly (string | Buffer)[], limitBytes = 100): string | undefined {
  const reader = new DictReader(limitBytes)
  for (const chunk of chunks) {
    const bytes = Buffer.from(chunk as string)
    const found = reader.push(bytes)
    if (typeof found === 'string') return `(${found})`
    if (found !== undefined) return found.toString()
    bytes.fill(0) // It has kept copies.
  }
  return undefined
}

const rows: [name: string, text: string, dict: string | undefined][] = [
  [
    'a dict',
    "{'A': 37, 'risultato': 12.333333333333334}",
    "{'A': 37, 'risultato': 12.333333333333334}",
  ],
  ['one in a dict', "{'a': {'b': {}}}", "{'a': {'b': {}}}"],
  ['braces in texts', `{'a': '}{', "b": "}'"}`, `{'a': '}{', "b": "}'"}`],
  ['escaped quotes', `{'a': '\\'}\\\\'}`, `{'a': '\\'}\\\\'}`],
  ['blanks before it, and anything behind it', " \r\n{'a': 1}\n{}", "{'a': 1}"],
  ['a dict without an end', "{'a': {}", undefined],
  ['a text without an end', "{'a}", undefined],
  ['nothing', '', undefined],
  ['blanks', ' \n', undefined],
  ['what is no dict', '[1]', '(is no dict)'],
  ['a closing brace', '}', '(is no dict)'],
]

describe('a reader of a dict', () => {
  for (const [name, text, dict] of rows) {
    it(`reads ${name}, wherever it is cut`, () => {
      for (let at = 0; at <= text.length; at++) {
        assert.equal(read([text.slice(0, at), text.slice(at)]), dict, `at ${at}`)
      }
      assert.equal(read([...text]), dict, 'byte by byte')
    })
  }

  it('refuses one that is too long as soon as that is known', () => {
    const dict = `{'a': '${'x'.repeat(91)}'}`
    assert.equal(read([dict]), dict)
    assert.equal(read([...dict], 99), '(is longer than a message may be)')
    assert.equal(read([dict], 99), '(is longer than a message may be)')
    assert.equal(read([`{${' '.repeat(100)}`]), '(is longer than a message may be)')
  })
})

describe('a text for Python', () => {
  it('reads as one that it wrote itself', needsPython, () => {
    const texts = ['', "it's", '"', `'"`, 'a\\b\n\r\t\0\x7f', 'é€😀\ud800', 'NO_BACKEND: none']
    texts.push(...fc.sample(fc.string({ unit: 'binary' }), 300))
    const program = 'import json, sys\nfor t in json.load(sys.stdin): print(ascii(t))'
    const input = JSON.stringify(texts)
    const lines = execFileSync('python3', ['-c', program], { input }).toString().split('\n')
    assert.deepEqual(texts.map(pythonText), lines.slice(0, -1))
  })
})

describe('a float for Python', () => {
  it('always has a point', () => {
    assert.deepEqual([pythonFloat(4), pythonFloat(37 / 3)], ['4.0', '12.333333333333334'])
  })

  it('is what Python writes, for all that the original divides', needsPython, () => {
    const program = 'for a in range(1, 51):\n for b in range(1, 51): print(a / b)'
    const lines = execFileSync('python3', ['-c', program]).toString().split('\n').slice(0, -1)
    const ours = lines.map((_, i) => pythonFloat((1 + Math.floor(i / 50)) / (1 + (i % 50))))
    assert.deepEqual(ours, lines)
  })
})
