import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import type { Lease, Outcome } from '../../src/pool/lease.ts'
import { Pool } from '../../src/pool/pool.ts'
import { createStrategy, strategies } from '../../src/strategies/index.ts'

/** What the pool must know of a backend, written down as plainly as can be. */
interface Model {
  health: 'up' | 'down' | 'trial'
  pauseMs: number
  retryAtMs: number
  trial: Lease | undefined
  leases: number
  active: number
  ok: number
  failed: number
  aborted: number
}

interface World {
  nowMs: number
  readonly pool: Pool
  readonly models: Model[]
  readonly held: Held[]
  readonly told: string[]
  readonly expected: string[]
}

interface Held {
  readonly lease: Lease
  readonly model: Model
  isConnected: boolean
}

type Step = (world: World) => void

const backends = 3
const idOf = (model: Model, world: World): string => `h:${world.models.indexOf(model) + 1}`

const wait =
  (ms: number): Step =>
  (world) => {
    world.nowMs += ms
  }

const lease =
  (isTried: readonly boolean[]): Step =>
  (world) => {
    const { pool, models, nowMs } = world
    for (const model of models) {
      if (model.health !== 'down' || model.retryAtMs > nowMs) continue
      model.health = 'trial'
      model.trial = undefined
    }
    const tried = world.held
      .filter(({ model }) => isTried[models.indexOf(model)])
      .map((held) => held.lease.backend)
    const allowed = models.filter(
      (model) =>
        (model.health === 'up' || (model.health === 'trial' && model.trial === undefined)) &&
        !tried.some(({ id }) => id === idOf(model, world)),
    )
    const given = pool.lease('key', tried)
    assert.equal(given === undefined, allowed.length === 0)
    if (given === undefined) return
    const model = allowed.find((model) => idOf(model, world) === given.backend.id)
    assert.ok(model, `${given.backend.id} may not take work`)
    assert.equal(given.isTrial, model.health === 'trial')
    if (given.isTrial) model.trial = given
    model.leases++
    model.active++
    world.held.push({ lease: given, model, isConnected: false })
  }

const connect =
  (nth: number): Step =>
  (world) => {
    const held = world.held[nth % world.held.length]
    if (held === undefined) return
    held.lease.connected()
    if (held.isConnected) return
    held.isConnected = true
    rise(held.model, world)
  }

function rise(model: Model, world: World): void {
  if (model.health !== 'up') world.expected.push(`up ${idOf(model, world)}`)
  Object.assign(model, { health: 'up', pauseMs: 1_000, trial: undefined })
}

const answer =
  (nth: number, ms: number): Step =>
  ({ held }) =>
    held[nth % held.length]?.lease.answered(ms)

const release =
  (nth: number, outcome: Outcome): Step =>
  (world) => {
    const [held] = world.held.splice(nth % Math.max(world.held.length, 1), 1)
    if (held === undefined) return
    const { model, isConnected } = held
    held.lease.release(outcome)
    assert.throws(() => held.lease.release(outcome))
    model.active--
    model[outcome]++
    if (isConnected) return
    const isTrial = model.health === 'trial' && model.trial === held.lease
    if (outcome === 'ok') return rise(model, world)
    if (outcome === 'aborted') {
      if (isTrial) model.trial = undefined
      return
    }
    if (model.health !== 'up' && !isTrial) return
    if (model.health === 'up') world.expected.push(`down ${idOf(model, world)}`)
    else model.pauseMs = Math.min(model.pauseMs * 2, 30_000)
    Object.assign(model, { health: 'down', retryAtMs: world.nowMs + model.pauseMs })
  }

/** A step that a counterexample shows as `text`. */
const shown = (text: string, step: Step): Step =>
  Object.assign(step, { [fc.toStringMethod]: () => text })

const outcomes = fc.constantFrom<Outcome[]>('ok', 'failed', 'failed', 'aborted')

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(1, 500, 1_000, 2_000, 30_000)
      .map((ms) => shown(`wait ${ms}`, wait(ms))),
  },
  {
    weight: 4,
    arbitrary: fc
      .array(fc.boolean(), { maxLength: backends })
      .map((isTried) => shown(`lease, tried ${isTried}`, lease(isTried))),
  },
  {
    weight: 2,
    arbitrary: fc.nat(9).map((nth) => shown(`connect ${nth}`, connect(nth))),
  },
  {
    weight: 1,
    arbitrary: fc.nat(9).map((nth) => shown(`answer ${nth}`, answer(nth, nth * 10))),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.nat(9), outcomes)
      .map(([nth, outcome]) => shown(`release ${nth} ${outcome}`, release(nth, outcome))),
  },
)

for (const name of Object.keys(strategies)) {
  it(`a pool with ${name} does as its model does, whatever happens to it`, () => {
    const property = fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const world = create(name)
      for (const take of steps) {
        take(world)
        compare(world)
      }
    })
    fc.assert(property, { numRuns: 1_000 })
  })
}

function create(name: string): World {
  const told: string[] = []
  const specs = Array.from({ length: backends }, (_, i) => ({
    address: { host: 'h', port: i + 1 },
  }))
  const pool = new Pool(specs, createStrategy(name), {
    now: () => world.nowMs,
    failOpen: false,
    ejects: false,
    slowStartMs: 0,
  })
  pool.onTransition(({ event, backend }) => told.push(`${event.slice(8)} ${backend?.id}`))
  const models = specs.map((): Model => {
    const counters = { leases: 0, active: 0, ok: 0, failed: 0, aborted: 0 }
    return { health: 'up', pauseMs: 1_000, retryAtMs: 0, trial: undefined, ...counters }
  })
  const world: World = { nowMs: 0, pool, models, held: [], told, expected: [] }
  return world
}

function compare({ pool, models, told, expected }: World): void {
  for (const [i, view] of pool.view().backends.entries()) {
    const { leases, active, ok, failed, aborted, health } = models[i]!
    const seen = [view.leases, view.active, view.ok, view.failed, view.aborted, view.health]
    assert.deepEqual(seen, [leases, active, ok, failed, aborted, health])
    assert.equal(view.leases, view.ok + view.failed + view.aborted + view.active)
    assert.ok(view.active >= 0 && view.averageResponseTimeMs >= 0)
    assert.equal(view.reason !== '' && view.health === 'up', false)
  }
  assert.deepEqual(told, expected)
}
