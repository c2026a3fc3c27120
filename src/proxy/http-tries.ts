import type { ErrorCode } from '../base/errors.ts'
import type { Backend } from '../pool/backend.ts'
import type { HttpContext } from './http-context.ts'

const noBackends: readonly Readonly<Backend>[] = []

/** What a client is told of a failure. */
export interface Told {
  readonly code: ErrorCode
  readonly message: string
}

const noBackend: Told = { code: 'NO_BACKEND', message: 'no backend may take work now' }

/** The tries of one exchange: which backends have failed it, and whether another may be asked. */
export class Tries {
  /** Backends that failed; the next try goes elsewhere. */
  failed: readonly Readonly<Backend>[] = noBackends
  /** Whether the next try needs a fresh connection, because a reused one had come to its end. */
  mustDial = false
  /** How many tries came after the first. */
  retries = 0
  /** What to tell when there is nobody left to ask. */
  lastError: Told = noBackend
  readonly #context: HttpContext
  #isInBudget = false
  /** What waits for room in the budget. */
  #waiting: (() => void) | undefined

  constructor(context: HttpContext) {
    this.#context = context
  }

  exclude(backend: Readonly<Backend>): void {
    this.failed = [...this.failed, backend]
  }

  /**
   * Calls `start` for another try, now or when the budget has room, unless there have been too many.
   *
   * @returns whether it will be called.
   */
  another(error: Told, start: () => void): boolean {
    const { budget, log, options, stats } = this.#context
    this.settle()
    this.lastError = error
    if (this.retries >= options.retriesMax) return false
    this.retries++
    this.#waiting = () => {
      this.#waiting = undefined
      this.#isInBudget = true
      log.debug('retry', `another try: ${error.message}`)
      start()
    }
    return budget.request(stats.active, this.#waiting)
  }

  /** The try has led to an answer, or to nothing: it no longer counts against the budget, or waits for it. */
  settle(): void {
    const { budget } = this.#context
    if (this.#waiting !== undefined) budget.forget(this.#waiting)
    this.#waiting = undefined
    if (!this.#isInBudget) return
    this.#isInBudget = false
    budget.finish()
  }
}
