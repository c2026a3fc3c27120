import type { ErrorCode, PilotiError } from '../base/errors.ts'
import { BackendConnection } from '../http/backend-connection.ts'
import { dial } from '../net/dial.ts'
import { Inlet } from '../net/inlet.ts'
import type { Backend } from '../pool/backend.ts'
import type { Lease, Outcome } from '../pool/lease.ts'
import type { HttpClient } from './http-client.ts'
import type { HttpContext } from './http-context.ts'

const noBackends: readonly Readonly<Backend>[] = []
/** No more than this of a long body waits for a slow client. */
const longReadBytes = 64 * 1_024

/** What a client is told of a failure. */
export interface Told {
  readonly code: ErrorCode
  readonly message: string
}

const noBackend: Told = { code: 'NO_BACKEND', message: 'no backend may take work now' }

/** Who wants a backend: an exchange. */
export interface Trying {
  /** There is a connection to the leased backend. */
  use(connection: BackendConnection): void
  /** There is none, and none will be tried. */
  fail(code: ErrorCode, message: string): void
}

/**
 * The tries of one exchange: gets a lease and a connection for it, from one backend after the other.
 *
 * Once the exchange has ended, nothing that a dial still says matters.
 */
export class Tries {
  /** Of the try under way. */
  lease: Lease | undefined
  /** What to tell when there is nobody left to ask. */
  lastError: Told = noBackend
  /** How many tries came after the first. */
  retries = 0
  readonly #exchange: Trying
  readonly #client: HttpClient
  readonly #context: HttpContext
  /** Backends that failed; the next try goes elsewhere. */
  #tried: readonly Readonly<Backend>[] = noBackends
  /** Whether the next try needs a fresh connection, because a reused one had come to its end. */
  #mustDial = false
  #isInBudget = false
  /** What waits for room in the budget. */
  #waiting: (() => void) | undefined

  constructor(exchange: Trying, client: HttpClient, context: HttpContext) {
    this.#exchange = exchange
    this.#client = client
    this.#context = context
  }

  /** The backend of the try under way, or of the last one. */
  get backend(): Readonly<Backend> | undefined {
    return this.lease?.backend ?? this.#tried.at(-1)
  }

  /** Picks a backend, and gives the exchange a connection to it. */
  start(): void {
    const lease = this.#context.pool.lease(this.#client.key, this.#tried)
    if (lease === undefined) {
      const { code, message } = this.lastError
      return this.#exchange.fail(code, message)
    }
    this.lease = lease
    if (this.retries > 0) this.#context.stats.retries++
    const idle = this.#mustDial ? undefined : this.#context.idle.take(lease.backend)
    if (idle === undefined) this.#dial(lease)
    else this.#exchange.use(idle)
  }

  /**
   * The connection broke, and the request may be sent again.
   *
   * @param what the backend did.
   * @param isStale whether a reused connection may just have come to its end: no failure of the backend.
   * @returns whether there will be another try; the lease is released in any case.
   */
  repeat(what: string, isStale: boolean, error: Told): boolean {
    const { backend } = this.lease!
    this.#release(isStale ? 'aborted' : 'failed', what)
    this.#mustDial = true
    if (!isStale) this.#tried = [...this.#tried, backend]
    return this.#another(error)
  }

  /** The try has led to an answer: it no longer counts against the budget. */
  settle(): void {
    const { budget } = this.#context
    if (this.#waiting !== undefined) budget.forget(this.#waiting)
    this.#waiting = undefined
    if (!this.#isInBudget) return
    this.#isInBudget = false
    budget.finish()
  }

  /** The exchange has ended. */
  end(outcome: Outcome, reason: string): void {
    this.settle()
    this.#release(outcome, reason)
  }

  #dial(lease: Lease): void {
    const { backend } = lease
    const { options, sweep } = this.#context
    const inlet = new Inlet(longReadBytes)
    this.#client.expect(Number.POSITIVE_INFINITY)
    dial(backend.address, { ...options, sweep, onread: inlet.onread }).then(
      (socket) => {
        const connection = new BackendConnection(socket, backend, inlet, this.#context)
        if (this.lease === lease) this.#exchange.use(connection)
        else connection.destroy()
      },
      (error: PilotiError) => {
        if (this.lease === lease) this.#dialFailed(lease, error)
      },
    )
  }

  #dialFailed({ backend }: Lease, error: PilotiError): void {
    const { code, kind, message } = error
    this.#tried = [...this.#tried, backend]
    this.#release(kind.side === 'backend' ? 'failed' : 'aborted', message)
    // Not a byte of the request was written, so any method may be tried elsewhere.
    if (!kind.retry || !this.#another(error)) this.#exchange.fail(code, message)
  }

  /** @returns whether there will be another try: now, when the budget has room, or not at all. */
  #another(error: Told): boolean {
    const { budget, log, options, stats } = this.#context
    this.settle()
    this.lastError = error
    if (this.retries >= options.retriesMax) return false
    // For its turn among the retries it waits no longer than for a connection.
    this.#client.expect(options.connectTimeoutMs)
    this.retries++
    this.#waiting = () => {
      this.#waiting = undefined
      this.#isInBudget = true
      log.debug('retry', `another try: ${error.message}`)
      this.start()
    }
    return budget.request(stats.active, this.#waiting)
  }

  #release(outcome: Outcome, reason: string): void {
    const { lease } = this
    this.lease = undefined
    lease?.release(outcome, undefined, reason)
  }
}
