import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { Pool } from '../../src/pool/pool.ts'
import { createStrategy } from '../../src/strategies/index.ts'

const weight = fc.oneof(
  fc.integer({ min: 1, max: 5 }),
  fc.double({ min: 0.1, max: 5, noNaN: true }),
)
const weights = fc.array(weight, { minLength: 1, maxLength: 8 })

it('least-connections never picks one that holds more for its weight than another', () => {
  // Each step leases, and now and then ends the work of an earlier one.
  const property = fc.property(
    weights,
    fc.array(fc.nat(200), { maxLength: 150 }),
    (weights, steps) => {
      const specs = weights.map((weight, i) => ({ address: { host: 'h', port: i }, weight }))
      const pool = new Pool(specs, createStrategy('least-connections'))
      const held: { release(outcome: 'ok'): void }[] = []
      for (const step of steps) {
        if (step < held.length) held.splice(step, 1)[0]!.release('ok')
        const loads = pool.view().backends.map(({ active, weight }) => active / weight)
        const lease = pool.lease('')!
        const { active, weight } = lease.backend
        assert.equal((active - 1) / weight, Math.min(...loads))
        held.push(lease)
      }
    },
  )
  fc.assert(property)
})

it('n-to-1 takes the first one that may take work, and comes back to it', () => {
  let nowMs = 0
  const specs = [1, 2, 3].map((port) => ({ address: { host: 'h', port } }))
  const pool = new Pool(specs, createStrategy('n-to-1'), { now: () => nowMs })
  const pick = (): string => pool.lease('')!.backend.id
  const [first, second] = [pool.lease('')!, pool.lease('')!]
  assert.equal(second.backend.id, 'h:1')
  first.release('failed')
  assert.equal(pick(), 'h:2')
  const standBy = pool.lease('')!
  standBy.release('failed')
  assert.equal(pick(), 'h:3')
  nowMs = 1_000
  const trial = pool.lease('')!
  assert.equal(trial.backend.id, 'h:1')
  assert.equal(pick(), 'h:2')
  assert.equal(pick(), 'h:3')
  trial.connected()
  assert.equal(pick(), 'h:1')
})
