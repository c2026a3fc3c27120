import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { BackendSpec } from '../../src/pool/backend.ts'
import type { Lease, Outcome } from '../../src/pool/lease.ts'
import type { Strategy } from '../../src/pool/strategy.ts'
import { rules } from './model.ts'
import { type Held, portOf, queueMax, type Waiting, type World } from './model-world.ts'
import { type Special, spec } from './pools.ts'

/** One thing that happens to a pool. */
export interface Step {
  run(world: World, make: () => Strategy): void
}

const ids = ['h:1', 'h:2', 'h:3', 'h:4']
const someIds = fc.subarray(ids)
const id = fc.constantFrom(...ids)

/** A step that a counterexample shows as `text`. */
const shown = (text: string, run: Step['run']): Step =>
  Object.assign({ run }, { [fc.toStringMethod]: () => text })

const nth = <T>(list: readonly T[], index: number): T | undefined =>
  list[index % Math.max(list.length, 1)]

const pass = fc.constantFrom(0, 1, 500, 1_000, 2_000, 5_000, 11_000, 60_000).map((ms) =>
  shown(`${ms} ms pass`, ({ model }) => {
    model.nowMs += ms
  }),
)

const backendsOf = ({ pool }: World, wanted: readonly string[]) =>
  pool.backends.filter((backend) => wanted.includes(backend.id))

const lease = someIds.map((tried) =>
  shown(`lease, tried ${tried}`, (world) => {
    world.model.notice()
    const given = world.pool.lease('key', backendsOf(world, tried))
    take(world, given, (known) => !tried.includes(known))
    for (const known of world.model.backends) {
      const { weight } = world.pool.get(known.id)!
      assert.ok(Math.abs(weight - world.model.weightNow(known)) < 1e-9, known.id)
    }
  }),
)

const leaseOf = id.map((wanted) =>
  shown(`leaseOf ${wanted}`, (world) => {
    world.model.notice()
    take(world, world.pool.leaseOf(wanted), (known) => known === wanted)
  }),
)

function take(world: World, given: Lease | undefined, mayBe: (id: string) => boolean): void {
  const allowed = world.model.free.filter((known) => mayBe(known.id))
  assert.equal(given === undefined, allowed.length === 0)
  if (given !== undefined) world.hold(given, allowed)
}

const wait = fc.tuple(someIds, fc.boolean()).map(([triedIds, endsAtOnce]) =>
  shown(`wait, tried ${triedIds}${endsAtOnce ? ', ends at once' : ''}`, (world) => {
    const tried = backendsOf(world, triedIds)
    const { free, inUse, open } = world.model
    const [known, others] = [open, inUse].map((all) => all.filter((b) => !triedIds.includes(b.id)))
    const helps =
      open.length === 0
        ? others!.some((b) => world.model.health(b) === 'unknown')
        : known!.length > 0 && known!.every((b) => !free.includes(b))
    const waiting: Waiting = {
      ...{ key: 'key', tried, endsAtOnce, isServed: false, hasLeft: false },
      serve: (lease) => world.serve(waiting, lease),
    }
    const waits = world.pool.wait(waiting)
    assert.equal(waits, helps && world.line.length < queueMax)
    if (waits) world.line.push(waiting)
  }),
)

const leave = fc.nat(queueMax).map((index) =>
  shown(`leave ${index}`, (world) => {
    const waiting = nth(world.line, index)
    if (waiting === undefined) return
    waiting.hasLeft = true
    world.line = world.line.filter((other) => other !== waiting)
    world.pool.leave(waiting)
  }),
)

/** Something that happens to a lease under way. */
const held = (what: string, happen: (world: World, held: Held) => void) =>
  fc.nat(9).map((index) =>
    shown(`${what} ${index}`, (world) => {
      const one = nth(world.held, index)
      if (one !== undefined) happen(world, one)
    }),
  )

const connect = held('connect', (world, one) => {
  if (!one.isConnected) world.model.connected(one.known)
  one.isConnected = true
  one.lease.connected()
})

const send = held('send', (_, one) => {
  one.hasSent = true
  one.lease.sent(1)
})

const answer = (isError: boolean) =>
  held(isError ? 'error' : 'answer', (world, one) => {
    if (!one.isAnswered) {
      world.model.answered(one.known, one.lease, isError)
      one.isError = isError
    }
    one.isAnswered = true
    one.lease.answered(5, isError)
  })

const release = (outcome: Outcome) =>
  held(`release ${outcome}`, (world, one) => world.end(one, outcome))

/** Work that a backend takes and fails, and so on until it is ejected, if it may be. */
const fails = id.map((wanted) =>
  shown(`five failures of ${wanted}`, (world) => {
    for (let i = 0; i < 5; i++) {
      world.model.notice()
      const given = world.pool.leaseOf(wanted)
      if (given === undefined) return
      const one = world.hold(given, world.model.free)
      world.model.connected(one.known)
      one.isConnected = true
      given.connected()
      world.end(one, 'failed')
    }
  }),
)

const finding = fc.record({
  isWell: fc.boolean(),
  hasAnswered: fc.boolean(),
  load: fc.constantFrom(0, 0, 0.3, 0.97, 1, 2),
  isDraining: fc.constantFrom(false, false, false, true),
})

const report = fc.tuple(id, finding).map(([wanted, each]) =>
  shown(`report ${wanted} ${JSON.stringify(each)}`, (world) => {
    const backend = world.pool.get(wanted)
    if (backend === undefined) return
    world.model.report(world.find(wanted)!, each)
    world.pool.report(backend, { reason: each.isWell ? '' : 'ill', ...each }, rules)
  }),
)

const byHand = fc.tuple(id, fc.constantFrom('drain', 'ready', 3)).map(([wanted, what]) =>
  shown(`${what} ${wanted}`, ({ model, pool }) => {
    const known = model.backends.find((each) => each.id === wanted)
    if (known && what === 3) known.weight = what
    if (known && what !== 3) known.isAsked = what === 'drain'
    model.changed()
    const isKnown = what === 3 ? pool.setWeight(wanted, what) : pool[what as 'drain'](wanted)
    assert.equal(isKnown, known !== undefined)
  }),
)

const limit = fc.constantFrom(0, 1, 2).map((maxConnections) =>
  shown(`limit ${maxConnections}`, ({ model, pool }) => {
    model.limit = maxConnections
    model.changed()
    pool.configure({ maxConnections })
  }),
)

const special: fc.Arbitrary<Special> = fc.record(
  {
    weight: fc.constantFrom(1, 2),
    maxConnections: fc.constantFrom(0, 1, 2),
    isDraining: fc.constantFrom(false, false, true),
  },
  { requiredKeys: [] },
)
const badly: readonly BackendSpec[][] = [
  [spec(4), spec(4)],
  [spec(4), spec(1, { weight: -1 })],
  [spec(4), spec(1, { maxConnections: 0.5 })],
  [spec(4), spec(-1)],
]

const update = fc
  .tuple(fc.shuffledSubarray(ids), fc.array(special, { minLength: 4, maxLength: 4 }))
  .map(([wanted, specials]) => {
    const specs = new Map(wanted.map((each, i) => [each, specials[i]!]))
    return shown(`update ${JSON.stringify([...specs])}`, ({ model, pool }) => {
      model.update(specs)
      pool.update([...specs].map(([each, own]) => spec(portOf(each), own)))
    })
  })

const updateBadly = fc
  .constantFrom(...badly)
  .map((specs) => shown('update badly', ({ pool }) => assert.throws(() => pool.update(specs))))

const use = fc.constant(shown('use', ({ pool }, make) => pool.use(make())))

const weighted: [number, fc.Arbitrary<Step>][] = [
  [6, pass],
  [12, lease],
  [3, leaseOf],
  [8, wait],
  [2, leave],
  [6, connect],
  [2, send],
  [4, answer(false)],
  [1, answer(true)],
  [5, release('ok')],
  [5, release('failed')],
  [2, release('aborted')],
  [3, fails],
  [8, report],
  [4, byHand],
  [2, limit],
  [3, update],
  [1, updateBadly],
  [1, use],
]

export const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary }))),
  { maxLength: 100, size: 'max' },
)
