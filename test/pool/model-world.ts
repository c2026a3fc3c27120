import assert from 'node:assert/strict'
import type { Lease } from '../../src/pool/lease.ts'
import { Pool } from '../../src/pool/pool.ts'
import type { Waiter } from '../../src/pool/queue.ts'
import type { Transition } from '../../src/pool/transition.ts'
import { roundRobin } from '../../src/strategies/round-robin.ts'
import { type Ended, type Known, type Manners, Model } from './model.ts'
import { type Special, spec } from './pools.ts'

/** A lease under way. */
export interface Held {
  readonly lease: Lease
  readonly known: Known
  isConnected: boolean
  isAnswered: boolean
  isError: boolean
  hasSent: boolean
}

/** Work in line. */
export interface Waiting extends Waiter {
  readonly endsAtOnce: boolean
  isServed: boolean
  hasLeft: boolean
}

export const queueMax = 3
const start: readonly (readonly [string, Special])[] = [
  ['h:1', {}],
  ['h:2', {}],
  ['h:3', { weight: 2 }],
]

export const portOf = (id: string): number => Number(id.slice(2))

/** A pool and its model, who hear of the same. */
export class World {
  readonly pool: Pool
  readonly model: Model
  readonly held: Held[] = []
  line: Waiting[] = []
  readonly #last = new Map<string, string>()
  readonly #finishing = new Set<string>()
  #isFailOpen = false
  readonly #present: Set<string>

  constructor(manners: Manners) {
    this.model = new Model(manners, new Map(start))
    this.#present = new Set(start.map(([id]) => id))
    const specs = start.map(([id, special]) => spec(portOf(id), special))
    const options = { ...manners, now: this.now, random: () => 0.5, queueMax }
    this.pool = new Pool(specs, roundRobin(), options)
    this.pool.onTransition((transition) => this.#hear(transition))
  }

  readonly now = (): number => this.model?.nowMs ?? 0

  find(id: string): Known | undefined {
    const { backends, leaving } = this.model
    return [...backends, ...leaving].find((known) => known.id === id)
  }

  /** Takes in what the pool has leased. */
  hold(lease: Lease, allowed: readonly Known[]): Held {
    const known = allowed.find(({ id }) => id === lease.backend.id)
    assert.ok(known, `${lease.backend.id} may not take work`)
    assert.equal(lease.isTrial, known.standing === 'trial' && known.trial === undefined)
    this.model.lend(known, lease)
    const none = { isConnected: false, isAnswered: false, isError: false, hasSent: false }
    const held: Held = { lease, known, ...none }
    this.held.push(held)
    return held
  }

  end(held: Held, outcome: Ended['outcome']): void {
    const { lease, known, isConnected, isError, hasSent } = held
    this.held.splice(this.held.indexOf(held), 1)
    const { isTrial } = lease
    this.model.ended(known, { outcome, lease, isTrial, isConnected, isError, hasSent })
    lease.release(outcome, undefined, 'a reason')
    assert.throws(() => lease.release(outcome))
  }

  serve(waiting: Waiting, lease: Lease): void {
    assert.ok(!waiting.isServed && !waiting.hasLeft)
    waiting.isServed = true
    const before = this.line.slice(0, this.line.indexOf(waiting))
    const overtaken = before.find(({ tried }) => !tried.includes(lease.backend))
    assert.equal(overtaken, undefined, 'first come, first served')
    assert.ok(!waiting.tried.includes(lease.backend))
    this.line = this.line.filter((other) => other !== waiting)
    // The lease was given when the change was made, and those before in line have made others since.
    const held = this.hold(lease, [...this.model.wereFree])
    if (waiting.endsAtOnce) this.end(held, 'ok')
  }

  #hear({ event, backend }: Transition): void {
    const id = backend?.id ?? ''
    if (event === 'fail_open' || event === 'fail_open_over') {
      assert.notEqual(this.#isFailOpen, event === 'fail_open')
      this.#isFailOpen = event === 'fail_open'
    } else if (event === 'backend_added') {
      assert.ok(!this.#present.has(id) || this.#last.get(id) === 'leaving')
      this.#present.add(id)
      this.#last.set(id, 'added')
    } else if (event === 'backend_removed') {
      assert.ok(this.#present.delete(id))
      assert.equal(this.find(id)?.active ?? 0, 0)
      this.#last.delete(id)
      this.#finishing.delete(id)
    } else if (event === 'drain_start') this.#hearStart(id)
    else if (event === 'drain_done') {
      assert.ok(this.#finishing.delete(id))
      assert.equal(backend!.active, 0)
    } else {
      assert.notEqual(this.#last.get(id), event)
      this.#last.set(id, event)
      this.#finishing.delete(id)
    }
  }

  #hearStart(id: string): void {
    if (this.pool.get(id) === undefined) this.#last.set(id, 'leaving')
    else {
      assert.notEqual(this.#last.get(id), 'drain_start')
      this.#last.set(id, 'drain_start')
      this.#finishing.add(id)
    }
  }

  /** What was told is what is. */
  checkTold(): void {
    assert.equal(this.pool.view().isFailOpen, this.#isFailOpen)
    for (const { id, health } of this.pool.view().backends) {
      assert.ok(this.#present.has(id))
      // On trial or unknown: that is told of no more than in the beginning.
      if (health !== 'draining' && this.#last.get(id) === 'drain_start') this.#last.set(id, '')
      const last = this.#last.get(id)
      if (health === 'ejected') assert.ok(last === 'backend_ejected' || last === 'added')
      if (last === 'backend_ejected') assert.ok(health !== 'up' && health !== 'draining')
      if (last === 'backend_down')
        assert.ok(!['up', 'draining', 'ejected'].includes(health), health)
      if (last === 'backend_up') assert.ok(!['down', 'ejected', 'draining'].includes(health))
    }
    const known = [...this.model.backends, ...this.model.leaving].map(({ id }) => id)
    assert.deepEqual([...this.#present].sort(), known.sort())
  }
}

/** The pool is as its model, and keeps its promises. */
export function check(world: World): void {
  const { model, pool, line } = world
  const seen = pool.view().backends
  assert.deepEqual(
    seen.map(({ id }) => id),
    model.backends.map(({ id }) => id),
  )
  for (const [i, view] of seen.entries()) {
    const known = model.backends[i]!
    const { leases, active, ok, failed, aborted, weight } = known
    assert.equal(view.health, model.health(known), view.id)
    assert.equal(view.reason === '', view.health === 'up', `${view.health}: ${view.reason}`)
    assert.deepEqual(
      [view.leases, view.active, view.ok, view.failed, view.aborted],
      [leases, active, ok, failed, aborted],
    )
    assert.deepEqual([view.fullWeight, view.maxConnections], [weight, model.limitOf(known)])
    assert.ok(view.weight > 0 && view.weight <= view.fullWeight)
    assert.ok(view.forMs >= 0 && view.averageResponseTimeMs >= 0)
  }
  assert.equal(pool.available, model.free.length)
  assert.equal(pool.view().isFailOpen, model.isFailOpen)
  assert.equal(pool.queued, line.length)
  for (const { tried } of line) {
    const missed = model.free.filter(({ id }) => !tried.includes(pool.get(id)!))
    assert.deepEqual(missed, [], 'nobody waits for what is free')
  }
  world.checkTold()
  model.wereFree.clear()
}
