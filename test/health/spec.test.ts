import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PilotiError } from '../../src/base/errors.ts'
import { createProbe, type HealthSpec, parseHealth } from '../../src/health/spec.ts'

describe('--health', () => {
  it('is tcp, http:/PATH, lines or off', () => {
    assert.equal(parseHealth('off'), 'off')
    assert.deepEqual(parseHealth('tcp'), { kind: 'tcp' })
    assert.deepEqual(parseHealth('lines'), { kind: 'lines' })
    assert.deepEqual(parseHealth('http:/'), { kind: 'http', path: '/' })
    const path = '/a%20b/c?d=e&f'
    assert.deepEqual(parseHealth(`http:${path}`), { kind: 'http', path })
  })

  const wrong: [string, string][] = [
    ['tpc', "unknown health check 'tpc': one of tcp, http:/PATH, lines, off (did you mean tcp?)"],
    ['TCP', "unknown health check 'TCP': one of tcp, http:/PATH, lines, off (did you mean tcp?)"],
    [
      'line',
      "unknown health check 'line': one of tcp, http:/PATH, lines, off (did you mean lines?)",
    ],
    ['none', "unknown health check 'none': one of tcp, http:/PATH, lines, off"],
    ['', "unknown health check '': one of tcp, http:/PATH, lines, off"],
    [
      'http',
      "unknown health check 'http': one of tcp, http:/PATH, lines, off (did you mean http:/PATH?)",
    ],
    ['http:', "'http:' names no path: write http:/PATH"],
    ['http:up', "'http:up' names no path: write http:/PATH (did you mean http:/up?)"],
    [
      'http://a:1/up',
      "'http://a:1/up' names a host: each backend is asked at its own address (did you mean http:/up?)",
    ],
    ['http:/a b', "'http:/a b' has characters that a path must have encoded"],
    ['http:/π', "'http:/π' has characters that a path must have encoded"],
    ['http:/a\r\nB: c', "'http:/a\r\nB: c' has characters that a path must have encoded"],
  ]
  for (const [text, message] of wrong) {
    it(`is refused: ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseHealth(text), { code: 'HEALTH', message })
    })
  }

  it('is read, or refused with a reason, whatever it is', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string().map((rest) => `http:${rest}`),
    )
    fc.assert(
      fc.property(text, (text) => {
        try {
          const spec = parseHealth(text)
          if (spec !== 'off') createProbe(spec)
        } catch (error) {
          assert.ok(error instanceof PilotiError && error.code === 'HEALTH', String(error))
        }
      }),
    )
  })
})

describe('a probe', () => {
  const wrong: [Partial<HealthSpec>, RegExp][] = [
    [{ path: 'up' }, /^path is 'up': \/PATH in ASCII wanted$/],
    [{ path: '/a#b' }, /^path is/],
    [{ host: 'a\r\nb' }, /^host is/],
    [{ status: { from: 300, to: 200 } }, /^status is 300 to 200: the lower one first wanted$/],
  ]
  for (const [spec, message] of wrong) {
    it(`cannot be made of ${JSON.stringify(spec)}`, () => {
      assert.throws(() => createProbe({ kind: 'http', ...spec }), { name: 'RangeError', message })
    })
  }
})
