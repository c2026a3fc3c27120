import { jittered } from '../base/random.ts'
import type { Backend } from './backend.ts'
import { healthOf } from './health.ts'
import type { Lease, Lessor } from './lease.ts'
import type { PoolOptions } from './options.ts'
import type { Rules } from './probed.ts'
import type { Report } from './report.ts'
import type { Roster } from './roster.ts'
import type { Cause } from './verdict.ts'

/** Finds out from work and from probes who must be left out, and who is back. */
export class Judge implements Lessor {
  readonly now: () => number
  readonly #options: Required<PoolOptions>
  readonly #roster: Roster
  readonly #changed: () => void

  /** @param changed called at the end of each change that listeners or work in line may wait for. */
  constructor(roster: Roster, options: Required<PoolOptions>, changed: () => void) {
    this.now = options.now
    this.#options = options
    this.#roster = roster
    this.#changed = changed
  }

  connected(backend: Backend): void {
    // Who failed its work must show more than that it is there.
    if (!backend.verdict.isEjected) this.#rise(backend)
  }

  recovered(lease: Lease, backend: Backend): void {
    if (backend.verdict.isTriedBy(lease)) this.#rise(backend)
  }

  failed(lease: Lease, backend: Backend, reason: string): void {
    const { verdict } = backend
    if (verdict.isTriedBy(lease)) return this.#failedTrial(lease, backend, reason)
    // Work begun before the fall says nothing of the trial; but each silence counts.
    if (verdict.standing === 'up' || verdict.isSilent) this.#failedWork(lease, backend, reason)
  }

  undecided(lease: Lease, backend: Backend): void {
    if (!backend.verdict.isTriedBy(lease)) return
    backend.verdict.try()
    this.#change()
  }

  freed(backend: Backend): void {
    this.#roster.freed(backend)
    this.#changed()
  }

  /** As `Pool.report`. */
  report(backend: Backend, report: Report, rules: Rules): void {
    const { load, probed, verdict } = backend
    const before = probed.state
    probed.take(report, rules)
    // A good probe without an answer is of a kind that asks for none: what was said once is over.
    if (report.hasAnswered || report.isWell) backend.hear(report)
    // It shows that the backend is there. That it does its work again, only work can show.
    const isProof = report.isWell && !verdict.needsAnswer && probed.successes >= rules.rise
    const rises = isProof && verdict.rise()
    const starts = probed.state === 'up' && (before === 'down' || backend.isNew)
    if (starts) backend.isNew = false
    if (rises) backend.outlier.restart()
    if (rises || starts) backend.warmUp.start(this.now())
    // Most reports say what is known already.
    const isOther = healthOf(backend, this.#options.isProbed) !== backend.health
    const isNews = isOther || probed.state !== before || backend.load !== load
    if (isNews || rises || starts) this.#change()
  }

  #failedTrial(lease: Lease, backend: Backend, reason: string): void {
    const { isEjected } = backend.verdict
    if (isEjected && this.#mayEject(backend)) return this.#fall(backend, 'ejected', reason)
    if (!lease.isExcused) return this.#failedWork(lease, backend, reason)
    // The others have gone meanwhile, and the last one must do.
    if (isEjected) this.#rise(backend)
  }

  #failedWork({ hasSent, isExcused }: Lease, backend: Backend, reason: string): void {
    // Bytes are sent only over a connection that it took.
    if (!isExcused && !hasSent) return this.#fall(backend, 'refused', reason)
    const why = backend.outlier.fail(backend.ok, backend.failed, reason, this.now())
    const isTooMuch = why !== '' && this.#options.ejects && this.#mayEject(backend)
    if (isTooMuch) this.#fall(backend, 'ejected', why)
    else if (!isExcused) this.#fall(backend, 'silent', reason)
  }

  /** The backend is back, and gets its share little by little. */
  #rise(backend: Backend): void {
    if (!backend.verdict.rise()) return
    backend.outlier.restart()
    backend.warmUp.start(this.now())
    this.#change()
  }

  #fall(backend: Backend, cause: Cause, reason: string): void {
    const jitter = cause === 'ejected' ? jittered(1, 0.2, this.#options.random) : 1
    if (!backend.verdict.fall(cause, reason, this.now(), jitter)) return
    if (cause === 'ejected') backend.ejections++
    backend.probed.restart()
    this.#change()
  }

  /** Never more than half of the pool, and never the last one that is up. */
  #mayEject(backend: Backend): boolean {
    const inUse = this.#roster.backends.filter(({ isDraining }) => !isDraining)
    if (!inUse.includes(backend)) return false
    const others = inUse.filter((other) => other !== backend)
    const ejected = others.filter(({ verdict }) => verdict.isEjected)
    const isHalf = ejected.length + 1 <= Math.floor(inUse.length / 2)
    return isHalf && others.some(({ health }) => health === 'up')
  }

  #change(): void {
    this.#roster.changed()
    this.#changed()
  }
}
