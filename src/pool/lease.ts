import type { Backend } from './backend.ts'

/** How the work ended: done, the backend's failure, or ended by the client. */
export type Outcome = 'ok' | 'failed' | 'aborted'

/** What the pool must hear of a lease, to judge the backend's health. */
export interface Lessor {
  readonly now: () => number
  /** The backend took the work. */
  connected(backend: Backend): void
  /** The backend answered well, after it was ejected. */
  recovered(lease: Lease, backend: Backend): void
  /** The work failed. */
  failed(lease: Lease, backend: Backend, reason: string): void
  /** The work ended before anyone knew whether the backend would take it. */
  unknown(lease: Lease, backend: Backend): void
  /** A watched backend holds one lease less. */
  freed(backend: Backend): void
}

/**
 * The right to give one piece of work to `backend`, from the pick until the work ends.
 *
 * In the order of a life: `connected`, `answered`, and at last `release`, exactly once whatever
 * else happened.
 */
export class Lease {
  /** Whether this lease finds out if a backend that was left out is back. */
  readonly isTrial: boolean
  readonly #backend: Backend
  readonly #lessor: Lessor
  #isConnected = false
  #isAnswered = false
  #isExcused = false
  #isReleased = false

  constructor(lessor: Lessor, backend: Backend) {
    this.#lessor = lessor
    this.#backend = backend
    this.isTrial = backend.verdict.takeTrial(this)
    if (backend.waiting === 0) backend.quietSinceMs = lessor.now()
    backend.waiting++
    backend.active++
    backend.leases++
  }

  get backend(): Readonly<Backend> {
    return this.#backend
  }

  get isAnswered(): boolean {
    return this.#isAnswered
  }

  /** Whether the backend took the work, and is not to be left out at once for failing it. */
  get isExcused(): boolean {
    return this.#isConnected || this.#isExcused
  }

  /** The backend took the work: it is there, whatever comes of the work. Later calls do nothing. */
  connected(): void {
    if (this.#isConnected) return
    this.#isConnected = true
    this.#lessor.connected(this.#backend)
  }

  /** The backend is known to be there otherwise: failing this work alone does not take it out. */
  excuse(): void {
    this.#isExcused = true
  }

  /**
   * The first sign of an answer came this long after the work began. Later calls do nothing.
   *
   * @param isError whether the answer says that the backend could not do the work.
   */
  answered(responseTimeMs: number, isError = false): void {
    if (!this.#stopWaiting()) return
    const nowMs = this.#lessor.now()
    this.#backend.measure(responseTimeMs, nowMs, isError)
    this.#backend.quietSinceMs = nowMs
    if (this.isTrial && !isError) this.#lessor.recovered(this, this.#backend)
  }

  /** Counts bytes that went to the backend. */
  sent(bytes: number): void {
    this.#backend.sentBytes += bytes
  }

  /** Counts bytes that came from the backend. */
  received(bytes: number): void {
    this.#backend.receivedBytes += bytes
  }

  /**
   * Ends the work.
   *
   * @param responseTimeMs for work that ended without `answered`, if it counts as a response time.
   * @param reason why it failed, for people.
   * @throws Error when it was released before: the load of a backend would be wrong for ever.
   */
  release(outcome: Outcome, responseTimeMs?: number, reason = ''): void {
    const backend = this.#backend
    if (this.#isReleased) throw new Error(`the lease of ${backend.id} was released twice`)
    this.#isReleased = true
    if (responseTimeMs !== undefined) this.answered(responseTimeMs, outcome === 'failed')
    const wasAnswered = !this.#stopWaiting()
    if (outcome === 'ok') this.#succeed()
    backend.active--
    backend[outcome]++
    if (outcome === 'failed') {
      if (!wasAnswered) backend.failUnanswered()
      this.#lessor.failed(this, backend, reason)
    } else if (!this.#isConnected) this.#lessor.unknown(this, backend)
    if (backend.isWatched) this.#lessor.freed(backend)
  }

  #succeed(): void {
    this.connected()
    this.#backend.outlier.inRow = 0
    if (this.isTrial) this.#lessor.recovered(this, this.#backend)
  }

  #stopWaiting(): boolean {
    if (this.#isAnswered) return false
    this.#isAnswered = true
    this.#backend.waiting--
    return true
  }
}
