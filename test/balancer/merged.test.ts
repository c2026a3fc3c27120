import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { differs } from '../../src/balancer/differs.ts'
import { merged } from '../../src/balancer/merged.ts'
import type { BalancerSpec, PoolSpec } from '../../src/balancer/spec.ts'
import { formatAddress } from '../../src/base/address.ts'
import { at, simple } from './balanced.ts'

/** A description of one or two pools that share names and addresses with those of other descriptions. */
const spec: fc.Arbitrary<BalancerSpec> = (() => {
  const backend = fc.record({
    address: fc.record({ host: fc.constant('h'), port: fc.integer({ min: 1, max: 5 }) }),
    weight: fc.integer({ min: 1, max: 3 }),
    isDraining: fc.boolean(),
  })
  const backends = fc.uniqueArray(backend, {
    maxLength: 5,
    selector: ({ address }) => address.port,
  })
  const strategy = fc.constantFrom('round-robin', 'random', 'ring')
  const pool: fc.Arbitrary<PoolSpec> = fc
    .record({
      name: fc.constantFrom('a', 'b'),
      backends,
      strategy,
      slowStartMs: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    })
    .map(({ slowStartMs, ...rest }) => ({
      ...rest,
      ...(slowStartMs !== undefined && { slowStartMs }),
    }))
  const pools = fc.uniqueArray(pool, { minLength: 1, maxLength: 2, selector: ({ name }) => name })
  return pools.map((pools) => ({ pools, listeners: [] }))
})()

/** The same pools, steered: what orders make of a description. */
const steered = (described: BalancerSpec): fc.Arbitrary<BalancerSpec> =>
  spec.map(({ pools }) => ({
    ...described,
    pools: described.pools.map((pool) => {
      const { backends, strategy } = pools.find(({ name }) => name === pool.name) ?? pools[0]!
      return { ...pool, backends, strategy }
    }),
  }))

const same = (a: unknown, b: unknown): void => assert.equal(differs(a, b), false)

const backendsOf = ({ pools }: BalancerSpec, name: string) =>
  new Map(
    pools
      .find((pool) => pool.name === name)
      ?.backends.map((backend) => [formatAddress(backend.address), backend]),
  )

describe('a reload of what was steered', () => {
  it('changes nothing when the description says what it said', () => {
    const cases = spec.chain((before) => fc.tuple(fc.constant(before), steered(before)))
    fc.assert(
      fc.property(cases, ([before, running]) => same(merged(before, before, running), running)),
    )
  })

  it('is as described when nothing was ordered', () => {
    fc.assert(fc.property(spec, spec, (before, next) => same(merged(before, next, before), next)))
  })

  it('is as described where orders and description agree', () => {
    fc.assert(fc.property(spec, spec, (before, next) => same(merged(before, next, next), next)))
  })

  it('takes of each backend what is described anew, and leaves the rest as ordered', () => {
    const cases = spec.chain((before) => fc.tuple(fc.constant(before), steered(before), spec))
    fc.assert(
      fc.property(cases, ([before, running, next]) => {
        const result = merged(before, next, running)
        same(
          result.pools.map(({ name }) => name),
          next.pools.map(({ name }) => name),
        )
        for (const { name } of before.pools.filter((p) =>
          next.pools.some((n) => n.name === p.name),
        )) {
          const of = [before, next, running, result].map((each) => backendsOf(each, name))
          for (const id of new Set(of.flatMap((backends) => [...backends.keys()]))) {
            const [old, said, now, is] = of.map((backends) => backends.get(id))
            same(is === undefined, differs(old, said) ? said === undefined : now === undefined)
            if (is === undefined) continue
            for (const key of ['weight', 'isDraining'] as const) {
              const isNew = old?.[key] !== said?.[key]
              assert.equal(is[key], isNew || now === undefined ? said![key] : now[key])
            }
          }
        }
      }),
    )
  })

  it('says nothing new with a default that is written or left out', () => {
    const before = simple([1, 2])
    const running = simple([1])
    const next = simple([], { backends: [at(1), at(2, { weight: 1, isDraining: false })] })
    same(merged(before, next, running).pools[0]!.backends.length, 1)
  })

  it('keeps backends in order: that of the description where it is new, with ordered ones last', () => {
    const ports = (result: BalancerSpec): unknown =>
      result.pools[0]!.backends.map(({ address }) => 'port' in address && address.port)
    assert.deepEqual(ports(merged(simple([1, 2]), simple([2, 1]), simple([1, 2, 3]))), [2, 1, 3])
    assert.deepEqual(ports(merged(simple([1, 2]), simple([1, 2]), simple([2, 3, 1]))), [2, 3, 1])
  })
})
