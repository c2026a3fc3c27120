import type { ErrorCode, PilotiError } from '../base/errors.ts'
import type { LogFields } from '../base/log.ts'
import { type Answer, bodyBytesOf } from '../codecs/http1-answer.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { BackendConnection } from '../http/backend-connection.ts'
import { dial } from '../net/dial.ts'
import { Inlet } from '../net/inlet.ts'
import type { Backend } from '../pool/backend.ts'
import type { Lease, Outcome } from '../pool/lease.ts'
import type { Pool } from '../pool/pool.ts'
import type { Waiter } from '../pool/queue.ts'
import type { Affinity } from './affinity.ts'
import { Explanation } from './explain.ts'
import type { HttpClient } from './http-client.ts'
import type { HttpContext } from './http-context.ts'
import type { HttpSettings } from './http-settings.ts'
import { Notes } from './notes.ts'
import type { Destination } from './routes.ts'
import { asksWhy, type Identity, identityOf } from './tracing.ts'

const noBackends: readonly Readonly<Backend>[] = []
/** No more than this of a long body waits for a slow client. */
const longReadBytes = 64 * 1_024

/** What a client is told of a failure. */
export interface Told {
  readonly code: ErrorCode
  readonly message: string
}

/** Who wants a backend: an exchange. */
export interface Trying {
  /** There is a connection to the leased backend. */
  use(connection: BackendConnection): void
  /** There is none, and none will be tried. */
  fail(code: ErrorCode, message: string): void
}

/**
 * The tries of one exchange: gets a lease and a connection for it, from one backend after the other, and waits
 * in line while all are full.
 *
 * Once the exchange has ended, nothing that a dial still says matters.
 */
export class Tries implements Waiter {
  /** What the strategy picks by. */
  key: string
  /** Backends that failed; the next try goes elsewhere. */
  tried: readonly Readonly<Backend>[] = noBackends
  /** Whose backends are tried; undefined before `begin`. */
  pool: Pool | undefined
  /** Of the try under way. */
  lease: Lease | undefined
  /** When the first one began; 0 while it begins. */
  startMs = 0
  /** How many tries came after the first. */
  retries = 0
  /** Whether it waits for a backend that is not full. */
  isQueued = false
  /** For the access log, if there is one. */
  notes: Notes | undefined
  /** What the request is called, where anybody wants to know. */
  identity: Identity | undefined
  /** For the decisions of the pool, and for a client that asks. */
  explanation: Explanation | undefined
  readonly #exchange: Trying
  readonly #client: HttpClient
  readonly #context: HttpContext
  readonly #settings: HttpSettings
  /** Of the last try that has ended. */
  #last: Readonly<Backend> | undefined
  #affinity: Affinity | undefined
  /** The backend that the client was given before. */
  #knownId: string | undefined
  /** Whose reused connection had come to its end: others of its may have, too. */
  #stale: Readonly<Backend> | undefined
  /** What to tell when there is nobody left to ask. */
  #lastError: Told | undefined
  #queuedMs = 0
  #isInBudget = false
  /** Whether the client wants to be told why it got this backend. */
  #isAsked = false
  #head: RequestHead | undefined
  #headBytes: Buffer | undefined
  /** What waits for room in the budget. */
  #waiting: (() => void) | undefined

  constructor(exchange: Trying, client: HttpClient, context: HttpContext) {
    this.#exchange = exchange
    this.#client = client
    this.#context = context
    this.#settings = client.settings
    this.key = client.key
  }

  /** The backend of the try under way, or of the last one. */
  get backend(): Readonly<Backend> | undefined {
    return this.lease?.backend ?? this.#last
  }

  /** Lines for the client, in the answer of a backend. */
  get answerLines(): Buffer | null {
    const { notes } = this
    const cookie = this.#cookieLine
    if (!this.#isAsked || this.explanation === undefined || notes === undefined) return cookie
    const line = this.explanation.line(notes)
    return cookie === null ? line : Buffer.concat([cookie, line])
  }

  /** The line that gives the leased backend to the client, if the client does not have it. */
  get #cookieLine(): Buffer | null {
    const affinity = this.#affinity
    if (affinity?.cookieLine === undefined) return null
    const { id } = this.lease!.backend
    return id === this.#knownId ? null : affinity.cookieLine(id)
  }

  /** Picks a backend for the request, and gives the exchange a connection to it. */
  begin({ affinity, name, pool }: Destination, head: RequestHead, bytes: Buffer): void {
    this.pool = pool
    if (pool.decisions.isDue()) this.#explain()
    if (this.notes !== undefined) this.notes.pool = name ?? ''
    if (affinity !== undefined) {
      this.#affinity = affinity
      this.#knownId = affinity.backendId?.(head, bytes)
      this.key = affinity.key(head, bytes, this.#client.key)
    }
    this.#start(pool)
  }

  /** A backend that was full has room. */
  serve(lease: Lease): void {
    this.isQueued = false
    this.notes?.queued()
    this.lease = lease
    // Not in here: the exchange that made room is just ending, and what it gathered is not sent yet.
    queueMicrotask(() => {
      if (this.lease === lease) this.#connect(lease)
    })
  }

  /** What was waited for did not come in time: a backend that is not full, or room among the retries. */
  expire(): void {
    const { code, message } = this.#lastError ?? this.#waitedInVain()
    this.#exchange.fail(code, message)
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
    if (isStale) this.#stale = backend
    else this.tried = [...this.tried, backend]
    this.#release(isStale ? 'aborted' : 'failed', what)
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
    if (this.isQueued) {
      this.isQueued = false
      this.notes?.queued()
      this.pool!.leave(this)
    }
    this.#release(outcome, reason)
  }

  /** Gives the client an answer of the proxy's own. @param isWhole whether all of the request has come */
  answer(given: Answer, isWhole: boolean): void {
    const { code, status } = given
    const answer = { ...given, headers: { ...given.headers, ...this.#ownHeaders(status) } }
    const own = this.pool === undefined ? this.#context.stats.unrouted : this.pool.requests.own
    own.count(status)
    this.measure()
    if (this.notes !== undefined) this.notes.responseBytes = bodyBytesOf(answer)
    this.tell(code === 'OK' ? 'finished' : code, status)
    this.#client.answer(answer, isWhole)
  }

  /** The answer is over, or a tunnel begins. @param atMs when that is; 0 is now. */
  measure(atMs = 0): void {
    const endMs = atMs || performance.now()
    this.pool?.requests.times.record(endMs - (this.startMs || endMs))
  }

  /** Tells the access log, if there is one, that all is over; `status` counts unless an answer has begun. */
  tell(how: string, status: number): void {
    if (status >= 500 && this.explanation === undefined) this.#explainFailure()
    const { notes } = this
    if (notes === undefined) return
    this.notes = undefined
    notes.ended(how.toLowerCase(), status)
    this.#context.accessLog?.tell(notes)
    if (this.explanation === undefined || this.pool === undefined) return
    this.pool.decisions.add(this.explanation.decision(notes))
  }

  /** What the request is called: for the log. */
  get names(): LogFields {
    const { requestId = '', traceId = '' } = this.identity ?? {}
    return { ...(requestId && { requestId }), ...(traceId && { traceId }) }
  }

  /** Finds out what the request is called, where anybody wants to know. */
  identify(head: RequestHead, bytes: Buffer): void {
    const { requestId, trace, trust } = this.#settings.options
    const { notes } = this
    this.#head = head
    this.#headBytes = bytes
    if (!requestId && trace === 'pass' && notes === undefined && trust.length === 0) return
    const { isTrusted } = this.#settings.linesOf(this.#client.key)
    if (isTrusted && asksWhy(head, bytes)) {
      this.#isAsked = true
      this.#explain()
    }
    if (!requestId && trace === 'pass' && notes === undefined) return
    this.identity = identityOf(head, bytes, { isTrusted, requestId, trace })
    if (notes === undefined) return
    notes.requestId = this.identity.requestId
    notes.traceId = this.identity.traceId
  }

  /** From here on it is noted how a backend is found. */
  #explain(): void {
    this.explanation ??= new Explanation()
    const startMs = this.startMs || performance.now()
    this.notes ??= new Notes(this.#client.key, startMs, this.#head, this.#headBytes)
  }

  /** What was not noted from the start shows how things are now. */
  #explainFailure(): void {
    const { pool } = this
    if (pool?.decisions.takesFailure(performance.now()) !== true) return
    this.#explain()
    this.explanation!.look(pool.survey(this.key))
    if (this.backend !== undefined) this.explanation!.picked(this.backend.id)
  }

  #ownHeaders(status: number): Readonly<Record<string, string>> {
    const { requestId = '' } = this.identity ?? {}
    const { explanation, notes } = this
    const why = this.#isAsked && notes !== undefined && explanation?.value(notes)
    return {
      ...(status === 503 && { 'Retry-After': '1' }),
      ...(this.#settings.options.requestId && requestId && { 'X-Request-Id': requestId }),
      ...(why && { 'X-Piloti-Explain': why }),
    }
  }

  #start(pool: Pool): void {
    this.explanation?.look(pool.survey(this.key, this.tried))
    const known = this.#knownId
    const own = known === undefined ? undefined : pool.leaseOf(known, this.tried)
    const lease = own ?? pool.lease(this.key, this.tried)
    if (lease === undefined) this.#queue(pool)
    else this.#connect(lease)
  }

  #queue(pool: Pool): void {
    const isFull = pool.backends.some((backend) => backend.isFull && !this.tried.includes(backend))
    if (!pool.wait(this)) {
      const { code, message } = this.#lastError ?? (isFull ? tooMany(pool) : nobody(pool))
      return this.#exchange.fail(code, message)
    }
    this.isQueued = true
    this.#queuedMs = performance.now()
    this.notes?.mark()
    this.#client.expect(pool.queueTimeoutMs)
    // Others may try again meanwhile.
    this.settle()
  }

  #connect(lease: Lease): void {
    this.lease = lease
    if (this.retries > 0) this.#context.stats.retries++
    this.notes?.tries(lease.backend.id)
    this.explanation?.picked(lease.backend.id)
    const idle = this.#mustDial(lease.backend) ? undefined : this.#context.idle.take(lease.backend)
    if (idle === undefined) this.#dial(lease)
    else this.#exchange.use(idle)
  }

  /** The last try takes no chances with another old connection, either. */
  #mustDial(backend: Readonly<Backend>): boolean {
    if (this.#stale === undefined) return false
    return backend === this.#stale || this.retries >= this.#settings.options.retriesMax
  }

  #dial(lease: Lease): void {
    const { backend } = lease
    const { sweep } = this.#context
    const inlet = new Inlet(longReadBytes)
    this.#client.expect(Number.POSITIVE_INFINITY)
    this.notes?.mark()
    dial(backend.address, { ...this.#settings.options, sweep, onread: inlet.onread }).then(
      (socket) => {
        this.notes?.connected()
        const connection = new BackendConnection(socket, backend, inlet, this.#context)
        if (this.lease === lease) this.#exchange.use(connection)
        else connection.destroy()
      },
      (error: PilotiError) => {
        this.notes?.connected()
        if (this.lease === lease) this.#dialFailed(lease, error)
      },
    )
  }

  #dialFailed({ backend }: Lease, error: PilotiError): void {
    const { code, kind, message } = error
    this.tried = [...this.tried, backend]
    this.#release(kind.side === 'backend' ? 'failed' : 'aborted', message)
    // Not a byte of the request was written, so any method may be tried elsewhere.
    if (!kind.retry || !this.#another(error)) this.#exchange.fail(code, message)
  }

  /** @returns whether there will be another try: now, when the budget has room, or not at all. */
  #another(error: Told): boolean {
    const { budget, log, stats } = this.#context
    const { connectTimeoutMs, retriesMax } = this.#settings.options
    this.settle()
    if (this.explanation === undefined) this.#explainFailure()
    this.explanation?.failed(error.message)
    this.#lastError = error
    if (this.retries >= retriesMax) return false
    // For its turn among the retries it waits no longer than for a connection.
    this.#client.expect(connectTimeoutMs)
    this.retries++
    this.#waiting = () => {
      this.#waiting = undefined
      this.#isInBudget = true
      log.debug('retry', `another try: ${error.message}`)
      this.#start(this.pool!)
    }
    return budget.request(stats.active, this.#waiting)
  }

  #release(outcome: Outcome, reason: string): void {
    const { lease } = this
    this.lease = undefined
    if (lease !== undefined) this.#last = lease.backend
    lease?.release(outcome, undefined, reason)
  }

  #waitedInVain(): Told {
    const waitedS = ((performance.now() - this.#queuedMs) / 1_000).toFixed(1)
    const message = `no backend had room within ${waitedS} s: ${this.pool!.why(this.tried)}`
    return { code: 'BACKENDS_FULL', message }
  }
}

function tooMany({ queued }: Pool): Told {
  const message = `all backends are full, and ${queued} requests wait for one already`
  return { code: 'BACKENDS_FULL', message }
}

function nobody(pool: Pool): Told {
  return { code: 'NO_BACKEND', message: `no backend may take work now: ${pool.why()}` }
}
