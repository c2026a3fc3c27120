import type { Backend } from './backend.ts'
import type { Lease } from './lease.ts'

/** Work that waits for a lease. */
export interface Waiter {
  readonly key: string
  readonly tried: readonly Readonly<Backend>[]
  /** Called once, later, with the lease; not after it has left. */
  serve(lease: Lease): void
}

/** Work in line for backends that are full: first come, first served. */
export class Queue {
  /** How many may wait. */
  max: number
  readonly #waiters = new Set<Waiter>()
  #isServing = false

  constructor(max: number) {
    this.max = max
  }

  get size(): number {
    return this.#waiters.size
  }

  /** @returns false when too many wait already. */
  add(waiter: Waiter): boolean {
    if (this.#waiters.size >= this.max) return false
    this.#waiters.add(waiter)
    return true
  }

  delete(waiter: Waiter): void {
    this.#waiters.delete(waiter)
  }

  /** Serves who can be served; `leaseFor` says undefined when there is none for a waiter, `hasSome` when for nobody. */
  serve(leaseFor: (waiter: Waiter) => Lease | undefined, hasSome: () => boolean): void {
    // Work that ends while it begins frees its backend in here: the loop goes on, instead of a call in a call.
    if (this.#isServing || this.#waiters.size === 0) return
    this.#isServing = true
    for (const waiter of this.#waiters) {
      if (!hasSome()) break
      const lease = leaseFor(waiter)
      if (lease === undefined) continue
      this.#waiters.delete(waiter)
      waiter.serve(lease)
    }
    this.#isServing = false
  }
}
