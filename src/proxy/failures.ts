import type { Log, LogFields } from '../base/log.ts'
import type { Expiring, Sweep } from '../net/sweep.ts'

const countedMs = 10_000
/** Backends come and go; more of them than this fail without a line of their own for a while. */
const kindsMax = 1_024

interface Kind {
  readonly fields: LogFields
  message: string
  untilMs: number
  more: number
}

/** Tells the first failure of each kind in full; how many followed it is told every ten seconds. */
export class Failures implements Expiring {
  deadlineMs: number = Number.POSITIVE_INFINITY
  sweepSlot = -1
  readonly #log: Log
  readonly #sweep: Sweep
  readonly #kinds = new Map<string, Kind>()

  constructor(log: Log, sweep: Sweep) {
    this.#log = log
    this.#sweep = sweep
  }

  /** A request failed; failures with the same `code` and `backend` are of one kind. */
  tell(message: string, fields: LogFields): void {
    const { backend, code } = fields
    const key = `${code} ${backend}`
    const known = this.#kinds.get(key)
    if (known !== undefined) {
      known.more++
      known.message = message
      return
    }
    if (this.#kinds.size >= kindsMax) return
    this.#log.warn('request_failed', message, fields)
    // Before its clock is read: that of a sweep that watched nothing is an old one.
    this.#sweep.add(this)
    const untilMs = this.#sweep.nowMs + countedMs
    const same = { code, ...(backend !== undefined && { backend }) }
    this.#kinds.set(key, { fields: same, message, untilMs, more: 0 })
    this.deadlineMs = Math.min(this.deadlineMs, untilMs)
  }

  /** Ten seconds are over: a kind that was not seen in them begins anew. */
  expire(): void {
    this.#settle(this.#sweep.nowMs)
  }

  /** Tells what was only counted. */
  end(): void {
    this.#settle(Number.POSITIVE_INFINITY)
  }

  #settle(nowMs: number): void {
    this.deadlineMs = Number.POSITIVE_INFINITY
    for (const [key, kind] of this.#kinds) {
      const { fields, message, more, untilMs } = kind
      if (untilMs <= nowMs) {
        if (more === 0 || nowMs === Number.POSITIVE_INFINITY) this.#kinds.delete(key)
        if (more > 0) {
          const sentence = `${more} more failed like it, the last: ${message}`
          this.#log.warn('request_failed', sentence, { ...fields, count: more })
        }
        kind.more = 0
        kind.untilMs = nowMs + countedMs
      }
      if (this.#kinds.has(key)) this.deadlineMs = Math.min(this.deadlineMs, kind.untilMs)
    }
    if (this.#kinds.size === 0) this.#sweep.delete(this)
  }
}
