import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readSelfReport, type SelfReport } from '../../src/health/self-report.ts'

const json = (body: string, header?: string): SelfReport =>
  readSelfReport({ header, type: 'application/json; charset=utf-8', body, isWhole: true })

describe('what a backend says of itself', () => {
  const understood: [string, string | undefined, SelfReport][] = [
    ['{"load":0.25}', undefined, { load: 0.25 }],
    ['{"load":3,"draining":true,"db":"ok"}', undefined, { load: 3, isDraining: true }],
    ['{"draining":false}', '0.5', { load: 0.5, isDraining: false }],
    ['{"load":0.9}', '0.1', { load: 0.1 }],
    ['{"load":-1}', undefined, { load: 0 }],
    ['{}', '-0.5', { load: 0 }],
    ['', undefined, {}],
    ['"fine"', undefined, {}],
    ['null', undefined, {}],
    ['[1]', undefined, {}],
  ]
  for (const [body, header, wanted] of understood) {
    it(`is read from ${body === '' ? 'nothing' : body}${header ? ` and ${header}` : ''}`, () => {
      assert.deepEqual(json(body, header), wanted)
    })
  }

  const ignored: [string, string | undefined, string][] = [
    ['{"load":"high"}', undefined, 'load is "high": a number from 0 wanted'],
    ['{"load":null}', undefined, 'load is null: a number from 0 wanted'],
    ['{"load":1e999}', undefined, 'load is Infinity: a number from 0 wanted'],
    ['{"draining":"yes"}', undefined, 'draining is "yes": true or false wanted'],
    ['{}', '0.1, 0.2', 'load is "0.1, 0.2": a number from 0 wanted'],
    ['{}', '1e3', 'load is "1e3": a number from 0 wanted'],
    ['{}', '', 'load is "": a number from 0 wanted'],
    ['{"load":', undefined, 'the body is not JSON'],
    [
      '{"load":{},"draining":1}',
      undefined,
      'load is {}: a number from 0 wanted; draining is 1: true or false wanted',
    ],
    [
      `{"load":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
      undefined,
      'load is nested too deep: a number from 0 wanted',
    ],
  ]
  for (const [body, header, why] of ignored) {
    it(`is left out of account: ${why}`, () => {
      assert.deepEqual(json(body, header), { ignored: why })
    })
  }

  it('keeps what makes sense beside what does not', () => {
    const { load, isDraining, ignored } = json('{"load":[],"draining":true}')
    assert.deepEqual([load, isDraining], [undefined, true])
    assert.match(ignored!, /^load is \[\]/)
  })

  it('is not looked for in other types, nor in what was cut', () => {
    for (const type of ['', 'text/html', 'application/jsonp', 'text/json', 'x-application/json']) {
      const answer = { type, body: '{"load":1}', isWhole: true }
      assert.deepEqual(readSelfReport(answer), {}, type)
    }
    for (const type of ['application/json', 'Application/HEALTH+json', 'application/json;a=b']) {
      const answer = { type, body: '{"load":1}', isWhole: true }
      assert.deepEqual(readSelfReport(answer), { load: 1 }, type)
    }
    const cut = { type: 'application/json', body: '{"load":1,"a":"', isWhole: false }
    assert.deepEqual(readSelfReport(cut), { ignored: 'the body is too long' })
  })

  it('never throws, and gives numbers from 0 and truths alone', () => {
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.record({ load: fc.anything(), draining: fc.anything() }).map((value) => {
        const text = JSON.stringify(value, (_key, member) =>
          typeof member === 'bigint' ? String(member) : member,
        )
        return text ?? ''
      }),
      fc.constant('['.repeat(60_000)),
    )
    fc.assert(
      fc.property(body, fc.option(fc.string(), { nil: undefined }), (text, header) => {
        const { load = 0, isDraining = false, ignored = 'x', ...rest } = json(text, header)
        assert.ok(Number.isFinite(load) && load >= 0)
        assert.equal(typeof isDraining, 'boolean')
        assert.ok(ignored.length > 0 && ignored.length < 250)
        assert.deepEqual(rest, {})
      }),
      { numRuns: 2_000 },
    )
  })
})
