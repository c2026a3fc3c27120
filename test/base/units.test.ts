import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseDuration, parseShare } from '../../src/base/units.ts'

it('reads a duration with its unit', () => {
  const samples = { '20ms': 20, '1.5s': 1_500, '10m': 600_000, '1h': 3_600_000, '0s': 0 }
  for (const [text, ms] of Object.entries(samples)) assert.equal(parseDuration(text), ms, text)
  for (const text of ['', '20', 's', '-1s', '1 s', '1d', '.5s', '1.s', '1sms', '1e3s']) {
    assert.equal(parseDuration(text), undefined, text)
  }
})

it('reads a share in percent or as a number up to 1', () => {
  const samples = { '1%': 0.01, '0.01': 0.01, '100%': 1, '1': 1, '0': 0, '12.5%': 0.125 }
  for (const [text, share] of Object.entries(samples)) assert.equal(parseShare(text), share, text)
  for (const text of ['', '%', '101%', '1.1', '-1%', '1 %', 'x']) {
    assert.equal(parseShare(text), undefined, text)
  }
})
