import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { piDigits } from '../../src/base/pi.ts'
import { type Method, type Result, readTask, type Task } from '../../src/compute/protocol.ts'
import { calculate, estimatedMs } from '../../src/compute/tasks.ts'

const done = (method: Method, ...params: (bigint | number)[]): Result =>
  calculate({ method, params: params.map(String) })

const anInteger = fc.oneof(
  fc.bigInt(-20n, 20n),
  fc.bigInt(-(10n ** 60n), 10n ** 60n),
  fc.bigInt(-(10n ** 1_000n), 10n ** 1_000n),
)

describe('arithmetic', () => {
  it('is exact, whatever the size', () => {
    fc.assert(
      fc.property(anInteger, anInteger, (a, b) => {
        assert.deepEqual(done('sum', a, b), { value: `${a + b}` })
        assert.deepEqual(done('difference', a, b), { value: `${a - b}` })
        assert.deepEqual(done('product', a, b), { value: `${a * b}` })
      }),
    )
  })

  it('raises to powers as multiplying again and again does', () => {
    fc.assert(
      fc.property(fc.bigInt(-(10n ** 9n), 10n ** 9n), fc.nat(40), (base, exponent) => {
        let wanted = 1n
        for (let i = 0; i < exponent; i++) wanted *= base
        assert.deepEqual(done('power', base, exponent), { value: `${wanted}` })
      }),
    )
    const huge = 10n ** 9_000n
    assert.equal(done('power', 1, huge).value, '1')
    assert.equal(done('power', -1, huge + 1n).value, '-1')
    assert.equal(done('power', 0, huge).value, '0')
  })

  it('reads zeros in front', () => {
    assert.equal(calculate(readTask('sum 007 -03') as Task).value, '4')
    assert.equal(calculate(readTask('sleep 005') as Task).value, '5')
  })
})

describe('a quotient', () => {
  const known: [number, number, string, string?][] = [
    [10, 5, '2'],
    [-10, 5, '-2'],
    [0, -3, '0'],
    [10, 4, '2.5', '5/2'],
    [-1, 8_000, '-0.000125', '-1/8000'],
    [1, -3, `-0.${'3'.repeat(50)}`, '-1/3'],
    [2, 3, `0.${'6'.repeat(49)}7`, '2/3'],
    [1, 3_000, `0.000${'3'.repeat(50)}`, '1/3000'],
    [10, 3, `3.${'3'.repeat(50)}`, '10/3'],
  ]
  for (const [a, b, value, fraction] of known) {
    it(`of ${a} and ${b} is ${fraction ?? value}`, () => {
      const wanted = fraction === undefined ? { value } : { value, fraction }
      assert.deepEqual(done('quotient', a, b), wanted)
    })
  }

  it('is rounded, a half away from zero', () => {
    const one = 10n ** 51n
    for (const sign of [1n, -1n]) {
      const minus = sign < 0n ? '-' : ''
      const half = done('quotient', sign * (2n * one + 5n), one)
      assert.equal(half.value, `${minus}2.${'0'.repeat(49)}1`)
      const below = done('quotient', sign * (2n * one + 4n), one)
      assert.equal(below.value, `${minus}2.${'0'.repeat(50)}`)
      const carry = done('quotient', sign * (3n * one - 1n), one)
      assert.equal(carry.value, `${minus}3.${'0'.repeat(50)}`)
    }
  })

  it('is the nearest decimal there is, and a fraction in lowest terms', () => {
    fc.assert(
      fc.property(anInteger, anInteger, (a, b) => {
        fc.pre(b !== 0n)
        const { value, fraction = `${value}/1` } = done('quotient', a, b)
        const [n, d] = fraction.split('/').map(BigInt) as [bigint, bigint]
        assert.equal(n * b, a * d)
        assert.equal(common(magnitude(n), d), 1n)
        const [whole, part = ''] = value.split('.') as [string, string?]
        const scale = 10n ** BigInt(part.length)
        const off = magnitude(BigInt(whole + part) * b - a * scale)
        assert.ok(2n * off <= magnitude(b), value)
        if (off === 0n) assert.doesNotMatch(part, /0$/)
        else if (magnitude(a) > magnitude(b)) assert.equal(part.length, 50)
        // Nines may have been rounded up to a one and zeros.
        else if (!/^-?[01]\.?0*1?0*$/.test(value)) assert.equal(part.replace(/^0+/, '').length, 50)
      }),
    )
  })
})

const magnitude = (x: bigint): bigint => (x < 0n ? -x : x)
const common = (a: bigint, b: bigint): bigint => (b === 0n ? a : common(b, a % b))

describe('primes', () => {
  const isPrime = (n: number): boolean => {
    for (let d = 2; d * d <= n; d++) if (n % d === 0) return false
    return n > 1
  }

  it('are those that trial division finds', () => {
    for (let limit = 0; limit <= 1_000; limit++) {
      const all = Array.from({ length: limit + 1 }, (_, n) => n).filter(isPrime)
      const wanted = { last: `${all.at(-1)}`, primes: all.join(' ') }
      const value = `${all.length}`
      assert.deepEqual(done('primes', limit), all.length === 0 ? { value } : { value, ...wanted })
    }
  })

  it('are right around the ends of segments', () => {
    const seen = { count: 0, last: 0 }
    for (let n = 0; n <= 200_000; n++) {
      if (isPrime(n)) Object.assign(seen, { count: seen.count + 1, last: n })
      if ((n - 3 + 6) % 65_536 > 12 || n < 1_001) continue
      const wanted = { value: `${seen.count}`, last: `${seen.last}` }
      assert.deepEqual(done('primes', n), wanted, `up to ${n}`)
    }
  })

  // Known since Meissel (1870).
  const counts = [4, 25, 168, 1_229, 9_592, 78_498, 664_579, 5_761_455]
  for (const [index, count] of counts.entries()) {
    it(`are ${count} up to ten to the power of ${index + 1}`, () => {
      const { value, last } = done('primes', 10 ** (index + 1))
      assert.equal(value, `${count}`)
      assert.ok(isPrime(Number(last)))
    })
  }
})

describe('the other tasks', () => {
  it('have the digits of π', () => {
    assert.equal(done('pi', 0).value, '3')
    assert.equal(done('pi', 50).value, '3.14159265358979323846264338327950288419716939937510')
    assert.equal(done('pi', 50_000).value, piDigits(60_000).slice(0, 50_002))
  })

  it('never take more than an answer of 64 KiB holds', () => {
    const most = '9'.repeat(10_000)
    const lines = [
      `sum ${most} ${most}`,
      `product ${most} -${most}`,
      'power 9 52390',
      'primes 1000',
    ]
    lines.push(`quotient -${most.replace(/.$/, '7')} ${most}`, `quotient 1 ${most}`, 'pi 50000')
    for (const line of lines) {
      const { length } = JSON.stringify(calculate(readTask(line) as Task))
      assert.ok(length < 65_000, `${line.slice(0, 20)}: ${length}`)
    }
  })
})

describe('the estimate', () => {
  const long = [
    'pi 10000',
    'primes 1000000',
    'power 7 20000',
    `quotient ${'7'.repeat(4_000)} ${'3'.repeat(4_000)}`,
  ]
  const short = [
    'sum 3 4',
    'quotient 10 3',
    'power 2 1000',
    'pi 1000',
    'primes 1000',
    'sleep 30000',
  ]
  it('tells long tasks from short ones', () => {
    for (const text of long) assert.ok(estimatedMs(readTask(text) as Task) > 1, text)
    for (const text of short) assert.ok(estimatedMs(readTask(text) as Task) < 0.5, text)
  })
})
