import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { notUtf8, skipBlanks, skipValue, tooDeep } from '../../src/codecs/json-scan.ts'

const depth = 64

/** Whether the scanner takes all of the text for one value. */
function accepts(text: string, levels = depth): boolean {
  const bytes = Buffer.from(text)
  const end = skipValue(bytes, skipBlanks(bytes, 0), levels)
  return end >= 0 && skipBlanks(bytes, end) === bytes.length
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function agrees(text: string): void {
  assert.equal(accepts(text), parses(text), JSON.stringify(text))
}

/** How deep the brackets go, those in strings too: never less than the value is nested. */
function nesting(text: string): number {
  let level = 0
  let most = 0
  for (const char of text) {
    if (char === '[' || char === '{') most = Math.max(most, ++level)
    if (char === ']' || char === '}') level--
  }
  return most
}

const pieces = [
  ...'{}[]:,"\\ \t-+.eE0123456789abfnrtu/\x00\x1f\x7f',
  ...[
    'true',
    'false',
    'null',
    '"a"',
    '{"a":',
    '[1',
    '1.5e-3',
    '-0',
    '\\u00',
    '\\"',
    'é',
    '💡',
    '\ufeff',
  ],
]

describe('the scanner of JSON', () => {
  it('accepts what JSON.parse accepts, of text made of the pieces of JSON', () => {
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 12 })
    fc.assert(
      fc.property(text, (parts) => agrees(parts.join(''))),
      { numRuns: 20_000 },
    )
  })

  it('accepts any value that JSON.stringify writes, and finds its end', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom('', ' ', '\t '), (text, blank) => {
        assert.ok(accepts(blank + text + blank))
        const behind = Buffer.from(`${text} x`)
        assert.equal(skipValue(behind, 0, depth), behind.length - 2)
      }),
      { numRuns: 1_000 },
    )
  })

  it('agrees with JSON.parse when a value has one byte more, less or changed', () => {
    const change = fc.record({
      text: fc.json({ maxDepth: 4 }).filter((text) => nesting(text) < depth),
      at: fc.nat(),
      piece: fc.constantFrom('', ...pieces),
      removed: fc.nat(1),
    })
    fc.assert(
      fc.property(change, ({ text, at, piece, removed }) => {
        const chars = [...text]
        chars.splice(at % chars.length, removed, piece)
        agrees(chars.join(''))
      }),
      { numRuns: 20_000 },
    )
  })

  it('agrees with JSON.parse on every number of up to four characters', () => {
    const characters = [...'-+.eE019']
    let texts = ['']
    for (let length = 1; length <= 4; length++) {
      texts = texts.flatMap((text) => characters.map((char) => text + char))
      for (const text of texts) agrees(text)
    }
  })

  it('agrees with JSON.parse on every byte in a string, bare and behind a backslash', () => {
    for (let code = 0; code < 0x80; code++) {
      const char = String.fromCharCode(code)
      for (const text of [`"${char}"`, `"\\${char}"`, `"\\u000${char}"`, `"\\u${char}000"`])
        agrees(text)
    }
  })

  it('refuses every beginning of a value', () => {
    const text = '{"a":[true,false,null,"\\u00e9\\n",{"b":"-1"}],"c":{}}'
    for (let length = 0; length < text.length; length++) {
      const bytes = Buffer.from(text.slice(0, length))
      assert.equal(skipValue(bytes, 0, depth), ~length, bytes.toString())
    }
  })

  it('says which byte cannot stand there', () => {
    const at = (text: string): number => ~skipValue(Buffer.from(text), 0, depth)
    assert.equal(at('{"a" 1}'), 5)
    assert.equal(at('[1,]'), 3)
    assert.equal(at('[01]'), 2)
    assert.equal(at('tru3'), 3)
    assert.equal(at('"\\u00g0"'), 5)
    assert.equal(at('"a\tb"'), 2)
    assert.equal(at('-'), 1)
    assert.equal(at('{"a":1,}'), 7)
  })

  it('refuses the line ends among the blanks, which JSON.parse takes', () => {
    for (const text of ['{\r}', '{\n}', '[1,\r2]', '{"a"\r:1}', '1\r', '\n1']) {
      assert.ok(parses(text))
      assert.equal(accepts(text), false, JSON.stringify(text))
    }
  })

  it('takes a string when Node takes its bytes for UTF-8', () => {
    const noise = fc.uint8Array({ min: 0x7e, maxLength: 4 })
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 6 }),
        noise,
        fc.nat(),
        (text, extra, at) => {
          const valid = Buffer.from(text.replace(/[\p{Cc}"\\]/gu, '-'))
          const cutAt = at % (valid.length + 1)
          const inner = Buffer.concat([valid.subarray(0, cutAt), extra, valid.subarray(cutAt)])
          const bytes = Buffer.concat([Buffer.from('["'), inner, Buffer.from('"]')])
          assert.equal(skipValue(bytes, 0, depth), isUtf8(inner) ? bytes.length : notUtf8)
        },
      ),
      { numRuns: 10_000 },
    )
  })

  it('goes as deep as it is told and no deeper', () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
    const objects = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
    for (const make of [nested, objects]) {
      assert.ok(accepts(make(depth)))
      assert.equal(skipValue(Buffer.from(make(depth + 1)), 0, depth), tooDeep)
      assert.equal(skipValue(Buffer.from(make(100_000)), 0, depth), tooDeep)
    }
    assert.ok(accepts('1', 0))
    assert.ok(accepts(`[${'[],'.repeat(1_000)}[]]`, 2))
  })
})
