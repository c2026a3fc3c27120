import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Backend, weightMax, weightMin } from '../../src/pool/backend.ts'
import { arena, spec } from './pools.ts'

interface Sample {
  readonly ms: number
  readonly afterMs: number
  readonly isError: boolean
}

const sample = fc.record({
  ms: fc.double({ min: 0, max: 1e6, noNaN: true }),
  afterMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e5, noNaN: true })),
  isError: fc.boolean(),
})

function measured(...samples: readonly Partial<Sample>[]): { backend: Backend; nowMs: number } {
  const backend = new Backend(spec(1))
  let nowMs = 0
  for (const { ms = 1, afterMs = 1, isError = false } of samples) {
    nowMs += afterMs
    backend.measure(ms, nowMs, isError)
  }
  return { backend, nowMs }
}

describe('the response time of a backend', () => {
  it('is never better for an error', () => {
    const property = fc.property(fc.array(sample), sample, (samples, error) => {
      const { backend, nowMs } = measured(...samples)
      const before = backend.responseTimeMs
      backend.measure(error.ms, nowMs + error.afterMs, true)
      // But for the rounding of the average itself.
      assert.ok(backend.responseTimeMs >= before * (1 - 1e-9))
    })
    fc.assert(property)
  })

  it('and its peak stay within what was measured, and the peak is no less than the last', () => {
    const property = fc.property(fc.array(sample, { minLength: 1 }), (samples) => {
      const { backend } = measured(...samples)
      const longest = Math.max(...samples.map(({ ms }) => ms)) * (1 + 1e-9)
      assert.ok(backend.responseTimeMs >= 0 && backend.responseTimeMs <= longest)
      const last = samples.at(-1)!.ms * (1 - 1e-9)
      assert.ok(backend.peakResponseTimeMs >= last && backend.peakResponseTimeMs <= longest)
      assert.ok(backend.errorShare >= 0 && backend.errorShare <= 1)
    })
    fc.assert(property)
  })

  it('counts a sample a tenth among many, and more after a silence: half after ten seconds', () => {
    const many = Array.from({ length: 200 }, () => ({ ms: 100 }))
    const after = (afterMs: number): number =>
      Math.round(measured(...many, { ms: 200, afterMs }).backend.responseTimeMs)
    assert.deepEqual([1, 1_500, 10_000, 20_000].map(after), [110, 110, 150, 175])
  })

  it('peaks at once, and forgets the peak with time alone: e⁻¹ in ten seconds', () => {
    const { backend } = measured({ ms: 10 }, { ms: 1_000 })
    assert.equal(backend.peakResponseTimeMs, 1_000)
    for (let i = 0; i < 10_000; i++) backend.measure(0, 2 + i + 1, false)
    assert.ok(Math.abs(backend.peakResponseTimeMs - 1_000 / Math.E) < 1)
  })
})

describe('the share of errors of a backend', () => {
  it('rises while its only answers are fast errors, and falls when it has recovered', () => {
    const errors = Array.from({ length: 30 }, () => ({ isError: true }))
    const { backend, nowMs } = measured(...errors)
    assert.ok(backend.errorShare > 0.9)
    assert.equal(backend.errors, 30)
    let before = backend.errorShare
    for (let i = 1; i <= 50; i++) {
      backend.measure(1, nowMs + i, false)
      assert.ok(backend.errorShare < before)
      before = backend.errorShare
    }
    assert.ok(before < 0.01)
  })

  it('rises also by work that failed without an answer', () => {
    const backend = new Backend(spec(1))
    for (let i = 0; i < 30; i++) backend.failUnanswered()
    assert.ok(backend.errorShare > 0.9)
  })
})

describe('the weight of a backend', () => {
  it('is one that sums and ratios can be made of: from a millionth to a million', () => {
    const { pool } = arena(1)
    for (const weight of [0.000_001, 1_000_000]) assert.ok(pool.setWeight('h:1', weight))
    for (const weight of [0, -1, 1e-320, 9e-7, 1_000_001, 1e308, Number.NaN]) {
      const message = `backend h:1 has weight ${weight}: 0.000001 to 1000000 wanted`
      assert.throws(() => pool.setWeight('h:1', weight), { name: 'RangeError', message })
      assert.throws(() => pool.update([spec(1, { weight })]), { name: 'RangeError', message })
    }
    assert.equal(pool.get('h:1')?.fullWeight, 1_000_000)
  })

  it('stays above 0 and not above the full one, however light, loaded and cold it is', () => {
    const property = fc.property(
      fc.double({ min: weightMin, max: weightMax, noNaN: true }),
      fc.double(),
      fc.nat(20_000),
      (weight, load, ms) => {
        const backend = new Backend(spec(1, { weight }), 10_000)
        backend.warmUp.start(0)
        backend.hear({ load })
        backend.weigh(ms)
        assert.ok(backend.weight > 0 && backend.weight <= weight)
      },
    )
    fc.assert(property)
  })
})
