import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createStrategy, strategies } from '../../src/strategies/index.ts'

const unknown = (message: string) => ({ code: 'STRATEGY_UNKNOWN', message })
const known = Object.keys(strategies).join(', ')

it('knows a strategy by its name and by the original one, in any case', () => {
  for (const name of Object.keys(strategies)) assert.equal(createStrategy(name).name, name)
  const originals = {
    N2One: 'n-to-1',
    ROUNDROBIN: 'round-robin',
    leastconnections: 'least-connections',
  }
  for (const [alias, name] of Object.entries(originals)) {
    assert.equal(createStrategy(alias).name, name)
  }
  assert.equal(createStrategy('LeastResponseTime').name, 'least-response-time')
  assert.equal(createStrategy('Least-Connections').name, 'least-connections')
})

it('knows the names that other balancers use', () => {
  const names = {
    first: 'n-to-1',
    round_robin: 'round-robin',
    leastconn: 'least-connections',
    least_conn: 'least-connections',
    least_time: 'least-response-time',
    P2C: 'two-choices',
    peak_ewma: 'peak-ewma',
    EWMA: 'peak-ewma',
    'ip-hash': 'source',
    ip_hash: 'source',
    hrw: 'rendezvous',
    ring_hash: 'ring',
    ketama: 'ring',
  }
  for (const [other, name] of Object.entries(names)) assert.equal(createStrategy(other).name, name)
})

it('makes a new strategy each time', () => {
  assert.notEqual(createStrategy('round-robin'), createStrategy('round-robin'))
})

it('names the known ones when it does not know one, and the nearest', () => {
  assert.throws(
    () => createStrategy('round-robbin'),
    unknown(`unknown strategy 'round-robbin': one of ${known} (did you mean round-robin?)`),
  )
  assert.throws(() => createStrategy('x'), unknown(`unknown strategy 'x': one of ${known}`))
  for (const name of ['', 'constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    assert.throws(() => createStrategy(name), { code: 'STRATEGY_UNKNOWN' }, name)
  }
})
