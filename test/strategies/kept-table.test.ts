import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seeded } from '../../src/base/random.ts'
import type { Candidates } from '../../src/pool/strategy.ts'
import { KeptTable } from '../../src/strategies/kept-table.ts'
import { idle, weighing } from './laws.ts'

/** A table that only counts how often it was built. */
function counted(): { table: KeptTable<number>; builds: () => number } {
  let builds = -1 // The empty one, at the start.
  return { table: new KeptTable(() => ++builds), builds: () => builds }
}

const some = <C>(items: readonly C[]): readonly [C, ...C[]] => items as readonly [C, ...C[]]

describe('a kept table', () => {
  it('is not built again when candidates are left out, come back or change places', () => {
    const random = seeded(500)
    const all = idle(500)
    const { table, builds } = counted()
    table.follow(all)
    for (let i = 0; i < 2_000; i++) {
      const there = all.filter(() => random() > 0.3)
      if (random() < 0.5) there.reverse()
      table.follow(some(there))
    }
    // As after a try each: all but one, all again, all but two, …
    for (let i = 0; i < 1_000; i++) table.follow(i % 2 === 0 ? all : some(all.slice(i % 7)))
    assert.equal(builds(), 1)
  })

  it('is built again for a new one, and for another full weight', () => {
    const { table, builds } = counted()
    table.follow(idle(3))
    table.follow(idle(4))
    assert.equal(builds(), 2)
    table.follow(some(idle(4).map((c) => ({ ...c, weight: 0.1 }))))
    assert.equal(builds(), 2)
    table.follow(weighing([1, 1, 2, 1]))
    assert.equal(builds(), 3)
  })

  it('knows where each member is now', () => {
    const { table } = counted()
    const [a, b, c] = idle(3)
    table.follow([c!, a, b!])
    assert.deepEqual([...table.where], [1, 2, 0])
    table.follow([c!, a])
    assert.deepEqual([...table.where], [1, -1, 0])
    table.follow([b!])
    assert.deepEqual([...table.where], [-1, 0, -1])
  })

  it('is made smaller after many picks in a row from few of its members, not after a few', () => {
    const { table, builds } = counted()
    const all = idle(9)
    const few: Candidates = some(all.slice(0, 3))
    for (let i = 0; i < 30_000; i++) table.follow(i % 1_000 === 0 ? all : few)
    assert.deepEqual([builds(), table.size], [1, 9])
    for (let i = 0; i < 30_000; i++) table.follow(few)
    assert.deepEqual([builds(), table.size], [2, 3])
  })

  it('knows those that are away also after it was built for a new one', () => {
    const { table, builds } = counted()
    const all = idle(9)
    table.follow(some(all.slice(0, 8)))
    table.follow(some(all.slice(3)))
    assert.equal(builds(), 2)
    table.follow(all)
    assert.deepEqual([builds(), table.size], [2, 9])
  })

  it('does not grow while candidates come and go for ever', () => {
    const { table, builds } = counted()
    for (let generation = 0; generation < 5_000; generation++) {
      const there = Array.from(
        { length: 10 },
        (_, i) => idle(1).map((c) => ({ ...c, id: `${generation + i}` }))[0]!,
      )
      table.follow(some(there))
      assert.ok(table.size <= 21, `${table.size}`)
    }
    assert.equal(builds(), 5_000)
  })

  it('takes two candidates of the same name for one', () => {
    const { table } = counted()
    const [a] = idle(1)
    table.follow([a, { ...a }])
    assert.equal(table.size, 1)
  })
})
