import type { Backend } from './backend.ts'

/** How the work ended: done, the backend's failure, or ended by the client. */
export type Outcome = 'ok' | 'failed' | 'aborted'

/** What the pool must hear of a lease, to judge the backend's health. */
export interface Lessor {
  readonly now: () => number
  /** The backend took the work. */
  connected(backend: Backend): void
  /** The backend could not take the work. */
  refused(lease: Lease, backend: Backend, reason: string): void
  /** The work ended before anyone knew whether the backend would take it. */
  unknown(lease: Lease, backend: Backend): void
}

/**
 * The right to give one piece of work to `backend`, from the pick until the work ends.
 *
 * In the order of a life: `connected`, `answered`, and at last `release`, exactly once whatever
 * else happened.
 */
export class Lease {
  /** Whether this lease finds out if a backend that was down is back. */
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

  /** The backend took the work: it is well, whatever comes of the work. Later calls do nothing. */
  connected(): void {
    if (this.#isConnected) return
    this.#isConnected = true
    this.#lessor.connected(this.#backend)
  }

  /** The backend is known to be well otherwise: that it fails this work says nothing of its health. */
  excuse(): void {
    this.#isExcused = true
  }

  /** The first sign of an answer came this long after the work began. Later calls do nothing. */
  answered(responseTimeMs: number): void {
    if (!this.#stopWaiting()) return
    const nowMs = this.#lessor.now()
    this.#backend.measure(responseTimeMs, nowMs)
    this.#backend.quietSinceMs = nowMs
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
    if (responseTimeMs !== undefined) this.answered(responseTimeMs)
    this.#stopWaiting()
    if (outcome === 'ok') this.connected()
    backend.active--
    backend[outcome]++
    if (this.#isConnected) return
    if (outcome === 'failed' && !this.#isExcused) this.#lessor.refused(this, backend, reason)
    else this.#lessor.unknown(this, backend)
  }

  #stopWaiting(): boolean {
    if (this.#isAnswered) return false
    this.#isAnswered = true
    this.#backend.waiting--
    return true
  }
}
