import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sticky } from '../../examples/sticky.ts'
import { idle, laws, poolOf } from '../strategies/laws.ts'
import { hear, named } from './http-server.ts'
import { started, stopped } from './started.ts'

const keys = Array.from({ length: 200 }, (_, i) => `10.0.0.${i}`)

describe('example own-strategy', () => {
  for (const { sentence, hold } of laws) it(sentence, () => hold(() => sticky()))

  it('gives the same client to the same backend', () => {
    const strategy = sticky()
    const candidates = idle(5)
    for (const key of keys) {
      assert.equal(strategy.pick(candidates, key), strategy.pick(candidates, key))
    }
  })

  it('moves only the clients of a backend that leaves', () => {
    const strategy = sticky()
    const [gone, second, ...rest] = idle(5)
    for (const key of keys) {
      const before = strategy.pick([gone, second!, ...rest], key)
      if (before !== gone) assert.equal(strategy.pick([second!, ...rest], key), before)
    }
  })

  it('gives no backend more than a quarter above its share, even for one client', () => {
    const pool = poolOf(
      4,
      () => sticky(),
      () => 0,
    )
    for (let i = 0; i < 400; i++) pool.lease('10.0.0.1')
    const counts = pool.view().backends.map(({ active }) => active)
    assert.ok(Math.max(...counts) <= 125, String(counts))
  })

  it('shares clients by weight', () => {
    const strategy = sticky()
    const [light, heavy] = idle(2)
    heavy!.weight = 3
    const many = Array.from({ length: 2_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
    const toHeavy = many.filter((key) => strategy.pick([light, heavy!], key) === heavy).length
    assert.ok(Math.abs(toHeavy - 1_500) < 100, `${toHeavy} of 2000`)
  })

  it('runs as a program', async (t) => {
    const ports = [await named(t, 'a'), await named(t, 'b'), await named(t, 'c')]
    const example = await started(t, 'own-strategy', ports)
    const heard = new Set<string>()
    for (let i = 0; i < 6; i++) heard.add(await hear(example.port))
    assert.equal(heard.size, 1)
    await stopped(example)
  })
})
