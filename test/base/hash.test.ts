import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hash, mix } from '../../src/base/hash.ts'
import { seeded } from '../../src/base/random.ts'

/** Published results of MurmurHash3_x86_32. */
const vectors: readonly (readonly [text: string, seed: number, wanted: number])[] = [
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['\0\0\0\0', 0, 0x2362f9de],
  ['a', 0x9747b28c, 0x7fa09ea6],
  ['aa', 0x9747b28c, 0x5d211726],
  ['aaa', 0x9747b28c, 0x283e0130],
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['abc', 0, 0xb3dd93fa],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
  ['ππππππππ', 0x9747b28c, 0xd58063c1],
  ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
]

const bitsOf = (number: number): number[] =>
  Array.from({ length: 32 }, (_, i) => (number >>> i) & 1)

/** How often each bit of the hash changes when one bit of the input does, as shares. */
function avalanche(hashed: (input: number) => number): number[] {
  const random = seeded(7)
  const changes = new Array<number>(32).fill(0)
  const tries = 4_000
  for (let i = 0; i < tries; i++) {
    const input = Math.floor(random() * 2 ** 32)
    const changed = (input ^ (1 << Math.floor(random() * 32))) >>> 0
    for (const [at, bit] of bitsOf(hashed(input) ^ hashed(changed)).entries()) changes[at]! += bit
  }
  return changes.map((count) => count / tries)
}

describe('hash', () => {
  for (const [text, seed, wanted] of vectors) {
    it(`of '${text.slice(0, 8)}' with seed ${seed} is what is published`, () => {
      assert.equal(hash(text, seed).toString(16), wanted.toString(16))
    })
  }

  it('takes any text: half of a pair, all planes, a long one', () => {
    for (const text of ['\ud800', 'a\udc00b', '𝛑', 'é', 'x'.repeat(100_000)]) {
      assert.ok(Number.isInteger(hash(text)) && hash(text) >= 0 && hash(text) < 2 ** 32)
    }
    assert.notEqual(hash('\u0141'), hash('A\u0001'))
  })

  it('changes half of its bits when one bit of the text changes', () => {
    const text = (input: number): string =>
      String.fromCharCode(...[0, 7, 14, 21, 28].map((shift) => (input >>> shift) & 127))
    for (const [hasher, name] of [
      [(input: number) => hash(text(input)), 'hash'],
      [mix, 'mix'],
    ] as const) {
      for (const share of avalanche(hasher))
        assert.ok(Math.abs(share - 0.5) < 0.05, `${name} ${share}`)
    }
  })

  it('spreads keys that are alike evenly, whatever the seed', () => {
    for (const seed of [0, 1, 0xffffffff]) {
      const counts = new Array<number>(64).fill(0)
      const keys = 64_000
      for (let i = 0; i < keys; i++) counts[hash(`192.0.2.${i}`, seed) % 64]!++
      // Of 63 degrees of freedom: beyond 120 once in 100,000 seeds.
      const chi = counts.reduce((sum, count) => sum + (count - 1_000) ** 2 / 1_000, 0)
      assert.ok(chi > 20 && chi < 120, `seed ${seed}: ${chi}`)
    }
  })

  it('gives with another seed a hash that has nothing to do with the first', () => {
    let same = 0
    for (let i = 0; i < 10_000; i++) if (hash(`k${i}`, 1) % 10 === hash(`k${i}`, 2) % 10) same++
    assert.ok(Math.abs(same - 1_000) < 150, `${same}`)
  })
})
