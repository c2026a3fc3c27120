import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { figure, median, percentile, ratio, spread } from '../../bench/harness/numbers.ts'
import { table } from '../../bench/harness/table.ts'

describe('median', () => {
  it('is the middle value, whatever the order', () => {
    assert.equal(median([9, 1, 5]), 5)
  })
  it('is the mean of the two in the middle of an even number', () => {
    assert.equal(median([4, 1, 2, 100]), 3)
  })
  it('of nothing is not a number', () => {
    assert.ok(Number.isNaN(median([])))
  })
  it('leaves its argument as it was', () => {
    const values = [3, 1, 2]
    median(values)
    assert.deepEqual(values, [3, 1, 2])
  })
})

describe('percentile', () => {
  it('is the least value that so many do not exceed', () => {
    const values = Array.from({ length: 100 }, (_, i) => 100 - i)
    assert.deepEqual(
      [0, 0.5, 0.99, 1].map((share) => percentile(values, share)),
      [1, 50, 99, 100],
    )
    assert.equal(percentile([7], 0.99), 7)
    assert.ok(Number.isNaN(percentile([], 0.5)))
  })
})

describe('figure', () => {
  const cases: readonly [number, string][] = [
    [0, '0'],
    [0.00394, '0.0039'],
    [0.3944, '0.394'],
    [14.26, '14.3'],
    [1075.4, '1075'],
    [51_200, '51 200'],
    [Number.NaN, '–'],
  ]
  for (const [value, text] of cases) {
    it(`writes ${value} as '${text}'`, () => assert.equal(figure(value), text))
  }
})

describe('spread and ratio', () => {
  it('show the median and both ends', () => {
    assert.equal(spread([14.3, 13.9, 14.8]), '14.3 (13.9–14.8)')
  })
  it('divide medians', () => {
    assert.equal(ratio([3, 2, 100], [2, 2, 2]), '1.50')
  })
  it('show a dash when a side was not measured', () => {
    assert.equal(spread([]), '–')
    assert.equal(ratio([1], []), '–')
  })
})

describe('table', () => {
  it('aligns names to the left, numbers to the right, and fills missing cells', () => {
    const rows = [['piloti', '14.3', '1.03'], ['absent']]
    assert.equal(
      table(['', 'µs', '× nginx'], rows),
      [
        '|        |   µs | × nginx |',
        '| ------ | ---: | ------: |',
        '| piloti | 14.3 |    1.03 |',
        '| absent |      |         |',
      ].join('\n'),
    )
  })
})
