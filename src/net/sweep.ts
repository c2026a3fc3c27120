import { Slots } from '../base/slots.ts'

/** Something that must not outlast its deadline. */
export interface Expiring {
  /** On the clock of its sweep; may be moved at any time. */
  deadlineMs: number
  /** Where the sweep keeps it; -1 while it is not watched. Only the sweep writes here. */
  sweepSlot: number
  /** Called once the deadline has passed, again at every tick until it is moved or deleted. */
  expire(): void
}

const tickMs = 250

/**
 * One coarse timer for every deadline: setting one is writing a number.
 *
 * A deadline is kept to half a second, never early. The timer runs while there is something to watch
 * and does not keep the process alive.
 */
export class Sweep {
  /** The time at the last tick, in milliseconds; a deadline is this plus a duration. */
  nowMs: number = performance.now()
  readonly #watched = new Slots<'sweepSlot', Expiring>('sweepSlot')
  #timer: NodeJS.Timeout | undefined

  add(item: Expiring): void {
    this.#watched.add(item)
    if (this.#timer !== undefined) return
    this.nowMs = performance.now()
    this.#timer = setInterval(() => this.#tick(), tickMs).unref()
  }

  delete(item: Expiring): void {
    this.#watched.delete(item)
  }

  #tick(): void {
    this.nowMs = performance.now()
    for (const item of this.#watched) if (item.deadlineMs < this.nowMs - tickMs) item.expire()
    if (this.#watched.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
