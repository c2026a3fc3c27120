import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { seeded } from '../../src/base/random.ts'
import { Pool } from '../../src/pool/pool.ts'
import { createStrategy } from '../../src/strategies/index.ts'
import { idle, weighing } from './laws.ts'

const weight = fc.oneof(
  fc.integer({ min: 1, max: 5 }),
  fc.double({ min: 0.1, max: 5, noNaN: true }),
)
type Idle = ReturnType<typeof idle>[number]

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

it('least-connections gives ties in turn, by weight, and each balancer begins elsewhere', () => {
  const begins = new Set<string>()
  for (let seed = 0; seed < 50; seed++) {
    const context = { now: () => 0, random: seeded(seed) }
    const strategy = createStrategy('least-connections', context)
    const even = idle(5)
    const picked = Array.from({ length: 10 }, () => strategy.pick(even, '').id)
    assert.equal(new Set(picked.slice(0, 5)).size, 5, `seed ${seed}: ${picked}`)
    assert.deepEqual(picked.slice(5), picked.slice(0, 5), `seed ${seed}`)
    begins.add(picked[0]!)
    const uneven = weighing([5, 1, 1])
    const weighed = Array.from({ length: 7 }, () => strategy.pick(uneven, '').id)
    const heaviest = weighed.filter((id) => id === 'h:1').length
    assert.ok(heaviest >= 4 && heaviest <= 6, `seed ${seed}: ${weighed}`)
  }
  assert.equal(begins.size, 5)
})

it('least-connections goes on with the next one when candidates come and go', () => {
  const strategy = createStrategy('least-connections', { now: () => 0, random: () => 0 })
  const [a, b, c, d] = idle(4) as unknown as [Idle, Idle, Idle, Idle]
  const picked = [
    strategy.pick([a, b, c, d], ''),
    strategy.pick([a, c, d], ''),
    strategy.pick([d, a, b], ''),
    strategy.pick([d, a, b], ''),
  ]
  assert.deepEqual(picked, [a, c, d, a])
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
