import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ewma } from '../../src/base/ewma.ts'
import { Histogram } from '../../src/base/histogram.ts'

/** Durations from below 1 µs to 36 min, as many short ones as long ones. */
const durationMs = fc.oneof(
  fc.constant(0),
  fc.double({ min: -4, max: 6.3, noNaN: true }).map((digits) => 10 ** digits),
  fc.nat(5_000),
)
const durations = fc.array(durationMs, { minLength: 1, maxLength: 200, size: 'max' })
const longestMs = 2 ** 31 / 1_000

function recorded(values: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const ms of values) histogram.record(ms)
  return histogram
}

function exact(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(Math.ceil(share * values.length), 1) - 1]!
}

describe('a histogram', () => {
  it('tells percentiles, exact to an eighth and a microsecond, never too low', () => {
    const shares = fc.constantFrom(0, 0.01, 0.1, 0.25, 0.5, 0.9, 0.99, 1)
    const property = fc.property(durations, shares, (values, share) => {
      const wanted = exact(values, share)
      const told = recorded(values).percentile(share)
      assert.ok(told >= Math.min(wanted, longestMs), `${told} below ${wanted}`)
      assert.ok(told <= wanted * 1.125 + 0.001_001, `${told} above ${wanted}`)
    })
    fc.assert(property, { numRuns: 1_000 })
  })

  it('counts, sums and keeps the longest exactly', () => {
    const property = fc.property(durations, (values) => {
      const { count, sumMs, maxMs } = recorded(values).view()
      assert.equal(count, values.length)
      assert.equal(
        sumMs,
        values.reduce((sum, ms) => sum + ms, 0),
      )
      assert.equal(maxMs, Math.max(...values))
    })
    fc.assert(property)
  })

  it('has rising buckets that hold every value once, each below its edge', () => {
    const property = fc.property(durations, (values) => {
      const buckets = recorded(values).buckets()
      const edges = buckets.map(({ upToMs }) => upToMs)
      assert.deepEqual(
        edges,
        [...edges].sort((a, b) => a - b),
      )
      let seen = 0
      for (const { upToMs, count } of buckets) {
        seen += count
        assert.equal(values.filter((ms) => ms < upToMs).length, seen, `below ${upToMs} ms`)
      }
      assert.equal(seen, values.length)
    })
    fc.assert(property)
  })

  it('is empty at first', () => {
    const nothing = { count: 0, sumMs: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 }
    assert.deepEqual(new Histogram().view(), nothing)
    assert.deepEqual(new Histogram().buckets(), [])
  })

  it('counts what takes longer than its last bucket there, and a negative time as none', () => {
    const histogram = recorded([1e12, Number.MAX_VALUE, -5])
    assert.deepEqual(
      histogram.buckets().map(({ count }) => count),
      [1, 2],
    )
    assert.ok(histogram.percentile(0.5) > longestMs * 0.99)
  })
})

it('an average moves by the share of a new sample', () => {
  assert.equal(ewma(100, 200, 0.1), 110)
  assert.equal(ewma(100, 200, 1), 200)
  assert.equal(ewma(100, 200, 0), 100)
})
