import type { Expiring } from '../net/sweep.ts'
import { type AnswerError, type Result, requestLine, type Task } from './protocol.ts'

/** What came of a call: a result, or why a worker or the balancer gives none. */
export type Outcome = { readonly result: Result } | { readonly error: AnswerError }

/** An outcome, and from its first sending to its answer how long it took, in milliseconds. */
export type Settled = Outcome & { readonly ms: number }

/** Who hears how a call ends: exactly one of the two, once. */
export interface Caller {
  answered(settled: Settled): void
  failed(error: Error): void
}

/** One call, from its asking to its end. */
export class Call implements Expiring {
  deadlineMs: number = Number.POSITIVE_INFINITY
  sweepSlot: number = -1
  readonly id: number
  /** What is sent, with its `\n`. */
  readonly line: string
  readonly caller: Caller
  readonly #late: (call: Call) => void
  #firstSentMs = 0
  #sends = 0

  constructor(id: number, task: Task, caller: Caller, late: (call: Call) => void) {
    this.id = id
    this.line = requestLine(id, task)
    this.caller = caller
    this.#late = late
  }

  /** How often it was sent. */
  get sends(): number {
    return this.#sends
  }

  /** Since it was sent for the first time. */
  get ms(): number {
    return this.#sends === 0 ? 0 : performance.now() - this.#firstSentMs
  }

  markSent(): void {
    if (this.#sends++ === 0) this.#firstSentMs = performance.now()
  }

  expire(): void {
    this.#late(this)
  }
}
