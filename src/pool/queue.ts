import type { Backend } from './backend.ts'
import { InTurn } from './in-turn.ts'
import type { Lease } from './lease.ts'

/** Work that waits for a lease. */
export interface Waiter {
  readonly key: string
  readonly tried: readonly Readonly<Backend>[]
  /** Called once, later, with the lease; not after it has left. */
  serve(lease: Lease): void
}

/**
 * Work in line for backends that are full: first come, first served.
 *
 * Leases are given first and told of later: whatever a waiter does with its own, nobody can overtake those
 * behind it.
 */
export class Queue {
  /** How many may wait. */
  max: number
  /** How many have waited. */
  total = 0
  readonly #waiters = new Set<Waiter>()
  /** Those who have a lease, and are not told yet. */
  readonly #given = new Map<Waiter, Lease>()
  readonly #due = new InTurn<Waiter>((waiter) => {
    const lease = this.#given.get(waiter)
    this.#given.delete(waiter)
    if (lease !== undefined) waiter.serve(lease)
  })

  constructor(max: number) {
    this.max = max
  }

  get size(): number {
    return this.#waiters.size
  }

  /** @returns false when too many wait already. */
  add(waiter: Waiter): boolean {
    if (this.#waiters.has(waiter) || this.#given.has(waiter)) return true
    if (this.#waiters.size >= this.max) return false
    this.#waiters.add(waiter)
    this.total++
    return true
  }

  /** @returns the lease that it was given, and will not be told of. */
  delete(waiter: Waiter): Lease | undefined {
    this.#waiters.delete(waiter)
    const lease = this.#given.get(waiter)
    this.#given.delete(waiter)
    return lease
  }

  /** Gives leases to those that can have one; `leaseFor` may call nobody who changes the pool. */
  give(leaseFor: (waiter: Waiter) => Lease | undefined, hasSome: () => boolean): void {
    for (const waiter of this.#waiters) {
      if (!hasSome()) return
      const lease = leaseFor(waiter)
      if (lease === undefined) continue
      this.#waiters.delete(waiter)
      this.#given.set(waiter, lease)
      this.#due.add(waiter)
    }
  }

  /** Tells those that have been given a lease. */
  tell(): void {
    this.#due.run()
  }
}
