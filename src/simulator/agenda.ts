import { type Due, Heap } from './heap.ts'

/** Something that will happen. */
export class Alarm implements Due {
  due = 0
  serial = 0
  place = -1
  readonly ring: () => void

  constructor(ring: () => void) {
    this.ring = ring
  }
}

/** Virtual time: it jumps from one thing that happens to the next. */
export class Agenda {
  nowMs = 0
  readonly #alarms = new Heap<Alarm>()

  /** Has `alarm` ring at `atMs`, and no longer when it was to ring before; Infinity: never. */
  set(alarm: Alarm, atMs: number): void {
    if (atMs === Number.POSITIVE_INFINITY) this.#alarms.delete(alarm)
    else this.#alarms.set(alarm, Math.max(atMs, this.nowMs))
  }

  delete(alarm: Alarm): void {
    this.#alarms.delete(alarm)
  }

  /** @returns an alarm that rings in `delayMs`. */
  after(delayMs: number, ring: () => void): Alarm {
    const alarm = new Alarm(ring)
    this.set(alarm, this.nowMs + delayMs)
    return alarm
  }

  /** Lets everything happen up to `untilMs`, in order; Infinity: until nothing is left. */
  advance(untilMs: number): void {
    for (;;) {
      const next = this.#alarms.first
      if (next === undefined || next.due > untilMs) break
      this.#alarms.delete(next)
      this.nowMs = next.due
      next.ring()
    }
    if (untilMs !== Number.POSITIVE_INFINITY && untilMs > this.nowMs) this.nowMs = untilMs
  }
}
