import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Histogram } from '../../src/base/histogram.ts'
import { boundsS, cumulative } from '../../src/metrics/cumulative.ts'
import { Exposition, labels } from '../../src/metrics/exposition.ts'
import { scraped } from './scraped.ts'

describe('a page of metrics', () => {
  it('tells of each family once, with all its series behind', () => {
    const page = new Exposition()
    const done = page.counter('done_total', 'What is done.')
    const depth = page.gauge('depth', 'How deep.')
    done.add(labels({ who: 'a' }), 1)
    depth.add('', -0.5)
    done.add(labels({ who: 'b', how: 'well' }), 2e21)
    const text = [
      ...['# HELP done_total What is done.', '# TYPE done_total counter'],
      ...['done_total{who="a"} 1', 'done_total{who="b",how="well"} 2e+21'],
      ...['# HELP depth How deep.', '# TYPE depth gauge', 'depth -0.5', ''],
    ]
    assert.equal(page.text(), text.join('\n'))
  })

  it('leaves out what has no series', () => {
    const page = new Exposition()
    page.counter('done_total', 'What is done.')
    assert.equal(page.text(), '')
  })

  it('knows numbers that are none, or have no end', () => {
    const page = new Exposition()
    const depth = page.gauge('depth', 'How deep.')
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      depth.add(labels({ like: String(value) }), value)
    }
    assert.deepEqual(page.text().match(/\S+$/gm)?.slice(2), ['NaN', '+Inf', '-Inf'])
  })

  it('tells any text, and never breaks a line', () => {
    const text = fc.string({ unit: fc.oneof(fc.constantFrom(...'\\"\n\r{},=# \0'), anyChar) })
    fc.assert(
      fc.property(text, text, text, fc.double({ noNaN: true }), (help, one, two, value) => {
        const page = new Exposition()
        const depth = page.gauge('depth', help)
        depth.add(labels({ one, two }), value)
        depth.add(labels({ one: two, two: `${one}|` }), 1)
        const told = page.text()
        assert.equal(told.split('\n').length, 5)
        const { helps, samples } = scraped(Buffer.from(told).toString())
        assert.equal(helps.get('depth'), help)
        assert.deepEqual({ ...samples[0]?.labels }, { one, two })
        assert.equal(samples[0]?.value, value === 0 ? 0 : value)
      }),
    )
  })
})

/** Of all of Unicode, in order of how likely it is to break something. */
const anyChar = fc.oneof(
  fc.string({ minLength: 1, maxLength: 1 }),
  fc.constantFrom('π', '🏛', '\u2028'),
)

describe('a histogram', () => {
  it('counts exactly what is at or below each bound', () => {
    const ms = fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.nat(100_000))
    fc.assert(
      fc.property(fc.array(ms), (values) => {
        const histogram = new Histogram()
        for (const value of values) histogram.record(value)
        const counts = cumulative(histogram.buckets())
        // It counts whole microseconds.
        const wanted = boundsS.map(
          (boundS) => values.filter((value) => Math.floor(value * 1_000) < boundS * 1e6).length,
        )
        assert.deepEqual(counts, wanted)
      }),
    )
  })

  it('ends with all, their sum and their count', () => {
    const histogram = new Histogram()
    for (const ms of [0.1, 3, 100_000]) histogram.record(ms)
    const page = new Exposition()
    page.histogram('time_seconds', 'How long.').add(labels({ of: 'a' }), histogram)
    const { samples, sum, types } = scraped(page.text())
    assert.equal(types.get('time_seconds'), 'histogram')
    assert.equal(samples.length, boundsS.length + 3)
    assert.equal(sum('time_seconds_bucket', { of: 'a', le: '0.000256' }), 1)
    assert.equal(sum('time_seconds_bucket', { of: 'a', le: '0.004096' }), 2)
    assert.equal(sum('time_seconds_bucket', { of: 'a', le: '67.108864' }), 2)
    assert.equal(sum('time_seconds_bucket', { of: 'a', le: '+Inf' }), 3)
    assert.equal(sum('time_seconds_count', { of: 'a' }), 3)
    assert.equal(sum('time_seconds_sum', { of: 'a' }), 100.0031)
  })
})
