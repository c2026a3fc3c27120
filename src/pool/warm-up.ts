/** In steps, for each change of a weight costs those strategies a little that keep tables. */
const steps = 10

/**
 * Slow start: a backend that comes back gets a tenth of its weight, and a tenth more after each tenth of
 * the time.
 *
 * @see HAProxy's `slowstart`, which is linear too.
 */
export class WarmUp {
  /** 0 is no slow start. */
  durationMs: number
  #startMs: number = Number.NEGATIVE_INFINITY

  constructor(durationMs: number) {
    this.durationMs = durationMs
  }

  start(nowMs: number): void {
    this.#startMs = nowMs
  }

  /** The share of its weight that it gets now, above 0. */
  share(nowMs: number): number {
    return (this.#step(nowMs) + 1) / steps
  }

  /** When the share grows next. */
  nextMs(nowMs: number): number {
    const step = this.#step(nowMs)
    if (step >= steps - 1) return Number.POSITIVE_INFINITY
    return this.#startMs + ((step + 1) / steps) * this.durationMs
  }

  #step(nowMs: number): number {
    if (this.durationMs === 0) return steps - 1
    // Rounded, or a step that is due at 0.30000000000000004 would never come.
    const passed = Math.floor(((nowMs - this.#startMs) * steps) / this.durationMs + 1e-6)
    return Math.max(0, Math.min(passed, steps - 1))
  }
}
