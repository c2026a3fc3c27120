import type { Expiring, Sweep } from './sweep.ts'

/** A connection that can wait for its next use. */
export interface Reusable {
  /** Whether it can still be used. */
  readonly isOpen: boolean
  /** Until when it may wait, on the clock of the sweep. */
  idleUntilMs: number
  /** Ends it. */
  destroy(): void
}

/**
 * Idle connections by backend, the last one used taken first: the others may then grow old and go.
 *
 * `K` is what they belong to.
 */
export class IdleConnections<K, C extends Reusable> implements Expiring {
  /** Always due: each tick of the sweep looks at what has waited long enough. */
  deadlineMs = 0
  sweepSlot = -1
  /** How many are kept for each backend; fewer hold from the next one on. */
  perBackendMax: number
  readonly #stacks = new Map<K, C[]>()
  readonly #sweep: Sweep

  constructor(sweep: Sweep, perBackendMax: number) {
    this.#sweep = sweep
    this.perBackendMax = perBackendMax
  }

  get count(): number {
    let count = 0
    for (const stack of this.#stacks.values()) count += stack.length
    return count
  }

  take(key: K): C | undefined {
    const stack = this.#stacks.get(key)
    let connection = stack?.pop()
    while (connection !== undefined && !connection.isOpen) connection = stack?.pop()
    return connection
  }

  /** Keeps a connection for later; the oldest makes room when there are `atMost`, or too many, already. */
  put(key: K, connection: C, atMost: number = Number.POSITIVE_INFINITY): void {
    let stack = this.#stacks.get(key)
    if (stack === undefined) {
      stack = []
      this.#stacks.set(key, stack)
      this.#sweep.add(this)
    }
    if (stack.length >= Math.min(this.perBackendMax, atMost)) stack.shift()?.destroy()
    stack.push(connection)
  }

  /** Forgets one that has ended by itself. */
  remove(key: K, connection: C): void {
    const stack = this.#stacks.get(key)
    const index = stack?.lastIndexOf(connection) ?? -1
    if (index !== -1) stack?.splice(index, 1)
  }

  /** Ends those that have waited long enough; with none left the sweep may rest. */
  expire(): void {
    const { nowMs } = this.#sweep
    for (const [key, stack] of this.#stacks) {
      const young = stack.filter(({ idleUntilMs }) => idleUntilMs > nowMs)
      if (young.length === 0) this.#stacks.delete(key)
      else this.#stacks.set(key, young)
      for (const connection of stack) if (connection.idleUntilMs <= nowMs) connection.destroy()
    }
    if (this.#stacks.size === 0) this.#sweep.delete(this)
  }

  /** Ends those that belong to `key`. */
  drop(key: K): void {
    const stack = this.#stacks.get(key)
    if (stack === undefined) return
    this.#stacks.delete(key)
    for (const connection of stack) connection.destroy()
  }

  /** Ends all. */
  clear(): void {
    const all = [...this.#stacks.values()].flat()
    this.#stacks.clear()
    this.#sweep.delete(this)
    for (const connection of all) connection.destroy()
  }
}
