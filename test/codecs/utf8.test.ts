import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { wideCharBytes } from '../../src/codecs/utf8.ts'

/** The same told by Node: the least number of bytes that are one valid character. */
function model(bytes: Buffer): number {
  for (let width = 2; width <= Math.min(4, bytes.length); width++) {
    if (isUtf8(bytes.subarray(0, width))) return width
  }
  return 0
}

describe('a character of several bytes', () => {
  it('is as wide as Node says, for every pair of first bytes', () => {
    const tails = [[], [0x80], [0xbf, 0x80], [0x80, 0xbf], [0x7f, 0x80], [0x80, 0xc0], [0x80, 0x22]]
    for (let first = 0x80; first < 0x100; first++) {
      assert.equal(wideCharBytes(Buffer.from([first]), 0), 0)
      for (let second = 0; second < 0x100; second++) {
        for (const tail of tails) {
          const bytes = Buffer.from([first, second, ...tail])
          assert.equal(wideCharBytes(bytes, 0), model(bytes), bytes.toString('hex'))
        }
      }
    }
  })

  it('is as wide as it was encoded, wherever it stands', () => {
    const char = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })
    fc.assert(
      fc.property(char, fc.nat(3), (text, at) => {
        const { length } = Buffer.from(text)
        const bytes = Buffer.from(`${'x'.repeat(at)}${text}x`)
        if (length > 1) assert.equal(wideCharBytes(bytes, at), length)
      }),
      { numRuns: 2_000 },
    )
  })
})
