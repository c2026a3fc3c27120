import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hash } from '../../src/base/hash.ts'
import type { Candidate, Strategy } from '../../src/pool/strategy.ts'
import { strategies } from '../../src/strategies/index.ts'
import { keyed } from '../../src/strategies/keyed.ts'
import { leastConnections } from '../../src/strategies/least-connections.ts'
import { maglev } from '../../src/strategies/maglev.ts'
import { rendezvous } from '../../src/strategies/rendezvous.ts'
import { ring } from '../../src/strategies/ring.ts'
import { source } from '../../src/strategies/source.ts'
import { idle, type Writable, weighing } from './laws.ts'

type Some = [Writable, ...Writable[]]

const byKey = Object.entries(strategies).filter(([, make]) => make().ignoresKey !== true)
/** How far from even the shares of keys may be. */
const unevenness: Readonly<Record<string, number>> = { ring: 0.33, maglev: 0.05 }

const keys = Array.from({ length: 2_000 }, (_, i) => `192.0.${i >> 8}.${i & 255}`)
const idsOf = (strategy: Strategy, candidates: Some): string[] =>
  keys.map((key) => strategy.pick(candidates, key).id)
const without = (candidates: Some, gone: Candidate): Some =>
  candidates.filter((candidate) => candidate !== gone) as Some

it('the strategies by key are these', () => {
  assert.deepEqual(byKey.map(([name]) => name).sort(), ['maglev', 'rendezvous', 'ring', 'source'])
})

/** Two names with the same hash. */
const sameHash = ((): [string, string] => {
  const seen = new Map<number, string>()
  for (let i = 0; ; i++) {
    const name = `backend-${i}`
    const before = seen.get(hash(name))
    if (before !== undefined) return [before, name]
    seen.set(hash(name), name)
  }
})()

for (const [name, make] of byKey) {
  describe(`${name}, by key`, () => {
    it('gives a key to the same candidate, whoever asks and in whatever order they are listed', () => {
      const candidates = idle(7)
      const picked = idsOf(make(), candidates)
      assert.deepEqual(idsOf(make(), candidates), picked)
      assert.deepEqual(idsOf(make(), candidates.slice().reverse() as Some), picked)
    })

    it('moves only the keys of one that leaves, and gives them back when it returns', () => {
      const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 12 })
      const property = fc.property(weights, fc.nat(11), (weights, nth) => {
        const strategy = make()
        const candidates = weighing(weights)
        const before = idsOf(strategy, candidates)
        const gone = candidates[nth % candidates.length]!
        const after = idsOf(strategy, without(candidates, gone))
        for (const [i, id] of before.entries()) if (id !== gone.id) assert.equal(after[i], id)
        assert.ok(!after.includes(gone.id))
        assert.deepEqual(idsOf(strategy, candidates), before)
      })
      fc.assert(property, { numRuns: 30 })
    })

    it('moves few keys to one that joins, and hardly any between the others', () => {
      for (const count of [2, 5, 20]) {
        // The mean weight changes, too.
        const all = weighing(Array.from({ length: count + 1 }, (_, i) => (i === 0 ? 3 : 2)))
        const joining = all.at(-1)!
        const before = idsOf(make(), without(all, joining))
        const after = idsOf(make(), all)
        const moved = after.filter((id, i) => id !== before[i])
        const aside = moved.filter((id) => id !== joining.id)
        const share = keys.length / (count + 1)
        assert.ok(
          moved.length > share / 2 && moved.length < share * 1.7,
          `${moved.length} of ${share}`,
        )
        assert.ok(
          aside.length <= (name === 'maglev' ? keys.length * 0.1 : 0),
          `${aside.length} aside`,
        )
      }
    })

    it('spreads keys as evenly as its manual says, in proportion to the full weights', () => {
      const spread = unevenness[name] ?? 0
      for (const weights of [new Array<number>(10).fill(1), [1, 2, 3, 4], [0.5, 0.25, 5]]) {
        const candidates = weighing(weights)
        const counts = new Map(candidates.map(({ id }) => [id, 0]))
        const strategy = make()
        const picks = 40_000
        for (let i = 0; i < picks; i++) {
          const { id } = strategy.pick(candidates, `/images/${i}.png`)
          counts.set(id, counts.get(id)! + 1)
        }
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        for (const { id, fullWeight } of candidates) {
          const wanted = (picks * fullWeight) / total
          const chance = 4 * Math.sqrt(wanted)
          const off = Math.abs(counts.get(id)! - wanted)
          assert.ok(off <= wanted * spread + chance, `${weights}: ${id} got ${counts.get(id)}`)
        }
      }
    })

    it('moves no key when a candidate warms up or says that it is loaded', () => {
      const strategy = make()
      const candidates = idle(5)
      const before = idsOf(strategy, candidates)
      const loaded = candidates.map((c, i) => ({ ...c, weight: i === 2 ? 0.1 : 1 })) as Some
      assert.deepEqual(idsOf(strategy, loaded), before)
    })

    it('moves keys to one whose full weight grows', () => {
      const strategy = make()
      const before = idsOf(strategy, weighing([1, 1, 1, 1]))
      const after = idsOf(strategy, weighing([1, 4, 1, 1]))
      const count = (ids: string[]): number => ids.filter((id) => id === 'h:2').length
      assert.ok(count(after) > 1.6 * count(before), `${count(before)} and then ${count(after)}`)
    })

    it('gives keys to both of two whose names have the same hash', () => {
      const [one, other] = sameHash
      const candidates = idle(4)
      candidates[1]!.id = one
      candidates[2]!.id = other
      const picked = idsOf(make(), candidates)
      for (const { id } of candidates) assert.ok(picked.filter((is) => is === id).length > 200, id)
    })

    it('takes turns when there is no key', () => {
      const candidates = idle(4)
      const strategy = make()
      const picked = Array.from({ length: 8 }, () => strategy.pick(candidates, '').id)
      assert.deepEqual(
        picked,
        [...candidates, ...candidates].map(({ id }) => id),
      )
    })

    it('never fails for weights a billion times apart', () => {
      const candidates = weighing([1e9, 1e-9, 1, 1e-9, 1e9])
      const strategy = make()
      for (const id of idsOf(strategy, candidates)) assert.ok(id)
      for (const candidate of candidates) assert.equal(strategy.pick([candidate], 'k'), candidate)
    })
  })
}

const bounded = { ring, maglev, rendezvous, source, keyed: keyedOfNone }

function keyedOfNone(options: { loadFactor?: number }): Strategy {
  return keyed(leastConnections(), options)
}

for (const [name, make] of Object.entries(bounded)) {
  describe(`${name}, with a limit`, () => {
    it('gives nobody more than its share times the factor, even for one key', () => {
      const anyCase = fc.record({
        weights: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 }),
        loadFactor: fc.constantFrom(1, 1.25, 2),
        keys: fc.integer({ min: 1, max: 20 }),
      })
      const property = fc.property(anyCase, ({ weights, loadFactor, keys }) => {
        const candidates = weighing(weights)
        const total = weights.reduce((sum, weight) => sum + weight, 0)
        const strategy = make({ loadFactor })
        for (let held = 0; held < 200; held++) {
          const picked = strategy.pick(candidates, `key ${held % keys}`)
          picked.active++
          const most = Math.ceil((loadFactor * (held + 1) * picked.fullWeight) / total + 1e-9)
          assert.ok(picked.active <= most, `${picked.id} holds ${picked.active}, not ${most}`)
        }
      })
      fc.assert(property, { numRuns: 100 })
    })

    it('sends what is above the limit in an order of the key, spread over the others', () => {
      const strategy = make({ loadFactor: 1.25 })
      const candidates = idle(8)
      const busy = strategy.pick(candidates, 'home')
      const home = keys.filter((key) => strategy.pick(candidates, key) === busy)
      busy.active = 100
      const others = home.map((key) => strategy.pick(candidates, key))
      assert.deepEqual(
        home.map((key) => strategy.pick(candidates, key)),
        others,
      )
      assert.ok(!others.includes(busy))
      assert.ok(new Set(others).size >= 6, `${new Set(others).size} of 7`)
    })

    it('keeps every key at home with factor 0', () => {
      const strategy = make({ loadFactor: 0 })
      const candidates = idle(4)
      const home = strategy.pick(candidates, 'home')
      home.active = 1_000_000
      assert.equal(strategy.pick(candidates, 'home'), home)
    })

    it('refuses a factor with which nobody may have room', () => {
      for (const loadFactor of [0.5, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
        assert.throws(() => make({ loadFactor }), RangeError)
      }
    })
  })
}

it('source and keyed set no limit by default, the others a quarter above the share', () => {
  for (const [name, make] of Object.entries(bounded)) {
    const strategy = make({})
    const candidates = idle(4)
    for (let i = 0; i < 100; i++) strategy.pick(candidates, 'the only client').active++
    const most = Math.max(...candidates.map(({ active }) => active))
    assert.equal(most, name === 'source' || name === 'keyed' ? 100 : 32, name)
  }
})

describe('keyed', () => {
  it('leaves work without a key to its strategy, and bears its name', () => {
    const strategy = keyed(leastConnections())
    assert.equal(strategy.name, 'least-connections')
    assert.notEqual(strategy.ignoresKey, true)
    const candidates = idle(3)
    candidates[0].active = 2
    candidates[1]!.active = 1
    assert.equal(strategy.pick(candidates, ''), candidates[2])
    const picked = keys.map((key) => strategy.pick(candidates, key))
    assert.deepEqual(
      keys.map((key) => rendezvous({ loadFactor: 0 }).pick(candidates, key)),
      picked,
    )
    assert.equal(new Set(picked).size, 3)
  })
})
