import type { Backend } from './backend.ts'

/** How the work ended: done, the backend's failure, or ended by the client. */
export type Outcome = 'ok' | 'failed' | 'aborted'

/** What the pool must hear of a lease, to judge the backend's health. */
export interface Lessor {
  readonly now: () => number
  /** The backend took the work. */
  connected(backend: Backend): void
  /** The backend answered the trial well. */
  recovered(lease: Lease, backend: Backend): void
  /** The work failed. */
  failed(lease: Lease, backend: Backend, reason: string): void
  /** The trial ended before it showed whether the backend is back. */
  undecided(lease: Lease, backend: Backend): void
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
  #answer: 'none' | 'good' | 'error' = 'none'
  #isExcused = false
  #hasSent = false
  #isReleased = false

  constructor(lessor: Lessor, backend: Backend) {
    this.#lessor = lessor
    this.#backend = backend
    this.isTrial = backend.verdict.takeTrial(this)
    if (backend.waiting === 0) backend.quietSinceMs = lessor.now()
    backend.waiting++
    backend.active++
    if (backend.active > backend.activePeak) backend.activePeak = backend.active
    backend.leases++
  }

  get backend(): Readonly<Backend> {
    return this.#backend
  }

  get isAnswered(): boolean {
    return this.#answer !== 'none'
  }

  /** Whether bytes went to the backend, so that it had taken the connection. */
  get hasSent(): boolean {
    return this.#hasSent
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
    if (this.#answer !== 'none') return
    this.#answer = isError ? 'error' : 'good'
    const backend = this.#backend
    const nowMs = this.#lessor.now()
    backend.waiting--
    backend.measure(responseTimeMs, nowMs, isError)
    backend.quietSinceMs = nowMs
    if (this.isTrial && !isError) this.#lessor.recovered(this, backend)
  }

  /** An answer of the backend with this status goes to the client. */
  responded(status: number): void {
    this.#backend.answers.count(status)
  }

  /** Counts bytes that went to the backend. */
  sent(bytes: number): void {
    this.#hasSent = true
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
    if (!this.isAnswered) backend.waiting--
    backend.active--
    backend[outcome]++
    if (outcome === 'ok') this.#succeed()
    else if (outcome === 'failed') this.#fail(reason)
    // An error proves as little as a client that has left: the next lease is the trial.
    if (this.isTrial) this.#lessor.undecided(this, backend)
    if (backend.isWatched) this.#lessor.freed(backend)
  }

  #succeed(): void {
    this.#backend.outlier.inRow = 0
    this.connected()
    if (this.isTrial && this.#answer !== 'error') this.#lessor.recovered(this, this.#backend)
  }

  #fail(reason: string): void {
    if (!this.isAnswered) this.#backend.failUnanswered()
    this.#lessor.failed(this, this.#backend, reason)
  }
}
