import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { seeded } from '../../src/base/random.ts'
import type { Candidates, Strategy } from '../../src/pool/strategy.ts'
import { createStrategy, strategies } from '../../src/strategies/index.ts'
import { steps } from './model-steps.ts'
import { check, World } from './model-world.ts'

/** Sees to it that an array of candidates is the same only while they and their weights are. */
function watched(strategy: Strategy): Strategy {
  const seen = new WeakMap<object, string>()
  return {
    ...strategy,
    pick(candidates: Candidates<never>, key: string) {
      const words = (candidates as Candidates).map((c) => [c.id, c.weight, c.fullWeight].join(' '))
      assert.equal(seen.get(candidates) ?? words.join(), words.join())
      seen.set(candidates, words.join())
      return strategy.pick(candidates, key)
    },
  }
}

const manners = fc.record({
  failOpen: fc.boolean(),
  isProbed: fc.boolean(),
  ejects: fc.boolean(),
  slowStartMs: fc.constantFrom(0, 10_000),
})

for (const name of Object.keys(strategies)) {
  it(`a pool with ${name} does as its model does, whatever happens to it`, () => {
    const property = fc.property(manners, steps, (how, commands) => {
      const world = new World(how)
      const make = (): Strategy =>
        watched(createStrategy(name, { now: world.now, random: seeded(1) }))
      world.pool.use(make())
      for (const command of commands) {
        command.run(world, make)
        check(world)
      }
    })
    fc.assert(property, { numRuns: 400 })
  })
}
