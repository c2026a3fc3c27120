import assert from 'node:assert/strict'
import { it } from 'node:test'
import { errorKinds, PilotiError, systemCode } from '../../src/base/errors.ts'

it('an error knows its kind and its cause', () => {
  const cause = new Error('connect ECONNREFUSED')
  const error = new PilotiError('BACKEND_CONNECT', 'connect to a:1 failed', { cause })
  assert.equal(error.kind, errorKinds.BACKEND_CONNECT)
  assert.equal(error.cause, cause)
  assert.ok(error instanceof Error && error.name === 'PilotiError')
})

it('only the failure of a backend is worth trying another', () => {
  for (const [code, { side, retry, status }] of Object.entries(errorKinds)) {
    assert.ok(!retry || side === 'backend', code)
    assert.ok(status === 0 || (status >= 400 && status <= 599), code)
  }
})

it('names what the system says', () => {
  assert.equal(systemCode(Object.assign(new Error('long'), { code: 'ECONNRESET' })), 'ECONNRESET')
  assert.equal(systemCode(new Error('no code')), 'no code')
  assert.equal(systemCode('a string'), 'a string')
})
