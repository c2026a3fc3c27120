import type { PilotiError } from '../base/errors.ts'
import { Histogram } from '../base/histogram.ts'
import type { Came } from './compute-answer.ts'

/** What came of the tasks that one worker answered; or nobody. */
export interface WorkerTally {
  /** Empty when no worker has answered: the balancer did, or nobody. */
  readonly worker: string
  readonly times: Histogram
  errors: number
}

/** Why tasks failed, one of its sentences, and how often. */
export interface Failure {
  /** Piloti's where it has one, else the number of JSON-RPC. */
  readonly code: string
  readonly message: string
  count: number
}

/** Codes come from there too. */
const failuresMax = 100

/** Names come from whoever answers: beyond so many, the rest are counted as one. */
const workersMax = 1_000
const others = '(others)'

/** Counts who answered, how fast, and what went wrong. */
export class Tally {
  readonly #workers = new Map<string, WorkerTally>()
  readonly #failures = new Map<string, Failure>()
  readonly all: WorkerTally = { worker: 'all', times: new Histogram(), errors: 0 }

  /** In the order of their names. */
  get workers(): readonly WorkerTally[] {
    return [...this.#workers.values()].sort((a, b) => compare(a.worker, b.worker))
  }

  /** The most frequent first. */
  get failures(): readonly Failure[] {
    return [...this.#failures.values()].sort((a, b) => b.count - a.count)
  }

  add(came: Came): void {
    if ('lost' in came) return this.#lost(came.lost)
    const isError = 'error' in came
    const worker = (isError ? came.error.worker : came.result.worker) ?? ''
    for (const each of [this.#of(worker), this.all]) {
      each.times.record(came.ms)
      if (isError) each.errors++
    }
    if (isError) this.#fail(came.error.reason ?? String(came.error.code), came.error.message)
  }

  /** Nobody has answered. */
  #lost({ code, message }: PilotiError): void {
    for (const each of [this.#of(''), this.all]) each.errors++
    this.#fail(code, message)
  }

  #of(name: string): WorkerTally {
    const known = this.#workers.get(name)
    if (known !== undefined) return known
    const worker = this.#workers.size < workersMax || name === others ? name : others
    if (worker !== name) return this.#of(worker)
    const made = { worker, times: new Histogram(), errors: 0 }
    this.#workers.set(worker, made)
    return made
  }

  #fail(code: string, message: string): void {
    const known = this.#failures.get(code)
    if (known !== undefined) known.count++
    else if (this.#failures.size < failuresMax) {
      this.#failures.set(code, { code, message, count: 1 })
    }
  }
}

/** By name, numbers in it by their size: port 61002 before 61010. */
const { compare } = new Intl.Collator('en', { numeric: true })
