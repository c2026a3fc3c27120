import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decimals } from '../../src/base/pi/decimal.ts'
import { bitLength, divide, divideByRoot } from '../../src/base/pi/fixed-point.ts'
import { piDigits } from '../../src/base/pi.ts'

/** π by Machin's formula 16 arctan(1/5) − 4 arctan(1/239), in decimal fixed point: nothing shared. */
function machin(digits: number): string {
  const one = 10n ** BigInt(digits + 20)
  const pi = 16n * inverseTangent(5n, one) - 4n * inverseTangent(239n, one)
  const text = String(pi / 10n ** 20n)
  return digits === 0 ? text : `${text[0]}.${text.slice(1)}`
}

function inverseTangent(inverse: bigint, one: bigint): bigint {
  let power = one / inverse
  let sum = power
  for (let n = 3n; power !== 0n; n += 2n) {
    power = -power / (inverse * inverse)
    sum += power / n
  }
  return sum
}

const reference = machin(12_000)
const truncated = (digits: number): string => reference.slice(0, digits === 0 ? 1 : digits + 2)

describe('piDigits', () => {
  it('gives every number of digits up to 1500 as Machin does', () => {
    for (let digits = 0; digits <= 1_500; digits++) {
      assert.equal(piDigits(digits), truncated(digits), `${digits} digits`)
    }
  })

  it('agrees with Machin at random lengths up to 12 000', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 12_000 }), (digits) => {
        assert.equal(piDigits(digits), truncated(digits))
      }),
      { numRuns: 100, verbose: 1 }, // A failure prints the seed.
    )
  })

  it('starts with the digits of every shorter result', () => {
    const lengths = fc.tuple(
      fc.integer({ min: 1, max: 30_000 }),
      fc.integer({ min: 1, max: 5_000 }),
    )
    fc.assert(
      fc.property(lengths, ([digits, more]) => {
        assert.ok(piDigits(digits + more).startsWith(piDigits(digits)))
      }),
      { numRuns: 60, verbose: 1 },
    )
  })

  it('truncates before the six nines at 762, the Feynman point', () => {
    assert.equal(piDigits(767).slice(-6), '999999')
    for (let digits = 760; digits <= 770; digits++) {
      assert.equal(piDigits(digits), truncated(digits))
    }
  })

  const checkpoints = [
    [1_000, '2164201989'],
    [10_000, '5256375678'],
    [100_000, '5493624646'],
    [1_000_000, '5779458151'],
  ] as const
  for (const [digits, last] of checkpoints) {
    it(`ends in ${last} after ${digits} digits`, () => {
      const pi = piDigits(digits)
      assert.equal(pi.length, digits + 2)
      assert.equal(pi.slice(-10), last)
    })
  }
})

describe('decimals', () => {
  /** A number given by its digits, as exact as `bits` allow and then `error` units too small. */
  function given(text: string, error: bigint): (bits: number) => bigint {
    const scale = 10n ** BigInt(text.length)
    return (bits) => (BigInt(text) << BigInt(bits)) / scale - error
  }

  it('keeps leading, inner and trailing zeros', () => {
    const text = `000${'0123456789'.repeat(200)}${'0'.repeat(600)}${'7'.repeat(4_000)}`
    for (const digits of [1, 3, 4, 13, 240, 241, 2_003, 2_400, 2_700]) {
      assert.equal(decimals(digits, given(text, 0n)), text.slice(0, digits))
    }
  })

  for (const [name, filler] of [
    ['nines', '9'],
    ['zeros', '0'],
  ] as const) {
    it(`is right before, in and after a long run of ${name}, from an inexact number`, () => {
      const text = `12345${filler.repeat(60)}${'31'.repeat(200)}`
      for (let digits = 1; digits < 90; digits++) {
        assert.equal(decimals(digits, given(text, 2n)), text.slice(0, digits), `${digits} digits`)
      }
    })
  }

  it('asks for more bits when a run of nines leaves the last digit in doubt', () => {
    const asked: number[] = []
    const exact = given(`25${'9'.repeat(40)}${'1'.repeat(100)}`, 2n)
    const fraction = (bits: number) => {
      asked.push(bits)
      return exact(bits)
    }
    assert.equal(decimals(2, fraction), '25')
    assert.ok(asked.length > 1, `asked for ${asked.join(', ')} bits`)
  })
})

describe('fixed point', () => {
  const bitCounts = fc.integer({ min: 64, max: 3_000 })

  it('divides by roots within 2⁸ units of the bits asked for', () => {
    const radicands = fc.integer({ min: 2, max: 1_000_000 })
    fc.assert(
      fc.property(bitCounts, radicands, fc.bigInt({ min: 1n, max: 2n ** 64n }), (bits, d, seed) => {
        const n = (1n << BigInt(bits + 40)) + (seed ** 20n % (1n << BigInt(bits + 39)))
        const unit = n >> BigInt(bits)
        const x = divideByRoot(n, d, bits)
        const [low, high] = [x - 256n * unit, x + 256n * unit]
        assert.ok(BigInt(d) * low * low < n * n && n * n < BigInt(d) * high * high)
      }),
      { verbose: 1 },
    )
  })

  it('divides within 2⁸ units', () => {
    fc.assert(
      fc.property(bitCounts, fc.bigInt({ min: 1n, max: 2n ** 64n }), (bits, seed) => {
        const d = (1n << BigInt(bits + 32)) + (seed ** 20n % (1n << BigInt(bits + 31)))
        const n = 3n * d + (seed ** 17n % d)
        const error = divide(n, d, bits) - (n << BigInt(bits)) / d
        assert.ok(error > -256n && error < 256n, `${error} units off`)
      }),
      { verbose: 1 },
    )
  })

  it('counts bits', () => {
    for (const bits of [1, 2, 31, 32, 33, 64, 65, 1_000, 123_457]) {
      assert.equal(bitLength(1n << BigInt(bits - 1)), bits)
      assert.equal(bitLength((1n << BigInt(bits)) - 1n), bits)
    }
  })
})
