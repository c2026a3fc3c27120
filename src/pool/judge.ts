import type { Backend } from './backend.ts'
import type { Lease, Lessor } from './lease.ts'
import type { PoolOptions } from './options.ts'
import type { Roster } from './roster.ts'
import type { Cause } from './verdict.ts'

/** Finds out from the work of the backends who must be left out, and who is back. */
export class Judge implements Lessor {
  readonly now: () => number
  readonly #options: Required<PoolOptions>
  readonly #roster: Roster
  readonly #changed: () => void

  /** @param changed called after each change that work in line may profit from. */
  constructor(roster: Roster, options: Required<PoolOptions>, changed: () => void) {
    this.now = options.now
    this.#options = options
    this.#roster = roster
    this.#changed = changed
  }

  connected(backend: Backend): void {
    // Who failed its work must show more than that it is there.
    if (!backend.verdict.isEjected) this.rise(backend)
  }

  recovered(lease: Lease, backend: Backend): void {
    if (backend.verdict.isTriedBy(lease)) this.rise(backend)
  }

  failed(lease: Lease, backend: Backend, reason: string): void {
    const { outlier, verdict } = backend
    if (verdict.isTriedBy(lease)) {
      if (verdict.isEjected) this.#fall(backend, 'ejected', reason)
      else if (lease.isExcused) this.unknown(lease, backend)
      else this.#fall(backend, 'down', reason)
      return
    }
    // Work begun before the fall says nothing of the trial.
    if (verdict.standing !== 'up') return
    if (!lease.isExcused) return this.#fall(backend, 'down', reason)
    const why = outlier.fail(backend.ok, backend.failed, reason, this.now())
    if (why !== '' && this.#options.ejects && this.#mayEject()) this.#fall(backend, 'ejected', why)
  }

  /** A trial that its client ended early: the next lease is the trial. */
  unknown(lease: Lease, backend: Backend): void {
    if (!backend.verdict.isTriedBy(lease)) return
    backend.verdict.try()
    this.#roster.changed()
    this.#changed()
  }

  freed(backend: Backend): void {
    this.#roster.freed(backend)
    this.#changed()
  }

  /** The backend is back, and gets its share little by little. */
  rise(backend: Backend): void {
    if (!backend.verdict.rise()) return
    backend.outlier.restart()
    backend.warmUp.start(this.now())
    this.#roster.changed()
    this.#changed()
  }

  #fall(backend: Backend, cause: Cause, reason: string): void {
    const jitter = cause === 'ejected' ? 0.8 + 0.4 * this.#options.random() : 1
    if (!backend.verdict.fall(cause, reason, this.now(), jitter)) return
    if (cause === 'ejected') backend.ejections++
    backend.probed.restart()
    this.#roster.changed()
    this.#changed()
  }

  /** Never more than half of the pool, so never the only one. */
  #mayEject(): boolean {
    const inUse = this.#roster.backends.filter(({ isDraining }) => !isDraining)
    const ejected = inUse.filter(({ verdict }) => verdict.isEjected)
    return ejected.length + 1 <= Math.floor(inUse.length / 2)
  }
}
