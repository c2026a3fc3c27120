/** Whether a backend may take work: `trial` is one lease, to see if it is back. */
export type Health = 'up' | 'down' | 'trial'

const firstPauseMs = 1_000
const longestPauseMs = 30_000

/**
 * The rise and fall of one backend: left out after a failure, for twice as long after each failed trial.
 *
 * It knows no clock; whoever asks says what time it is, in milliseconds.
 */
export class Verdict {
  health: Health = 'up'
  /** Why it is down; empty while it is up. */
  reason = ''
  /** When a backend that is down may be tried again. */
  retryAtMs: number = Number.POSITIVE_INFINITY
  #pauseMs = firstPauseMs
  /** Who finds out whether it is back. */
  #trial: object | undefined

  get mayTakeWork(): boolean {
    return this.health === 'up' || (this.health === 'trial' && this.#trial === undefined)
  }

  /**
   * The backend could not take the work.
   *
   * While it is down already, that is no news: dials begun before it fell end one after the other.
   *
   * @returns whether its health changed.
   */
  fall(reason: string, nowMs: number): boolean {
    if (this.health === 'down') return false
    if (this.health === 'trial') this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs)
    this.health = 'down'
    this.reason = reason
    this.retryAtMs = nowMs + this.#pauseMs
    return true
  }

  /** The pause is over: one lease may find out. */
  try(): void {
    this.health = 'trial'
    this.retryAtMs = Number.POSITIVE_INFINITY
    this.#trial = undefined
  }

  /** @returns whether the lease that asks is the trial. */
  takeTrial(lease: object): boolean {
    if (this.health !== 'trial') return false
    this.#trial = lease
    return true
  }

  /** Whether `lease` is the trial under way; an earlier one may still be unfinished. */
  isTriedBy(lease: object): boolean {
    return this.health === 'trial' && this.#trial === lease
  }

  /**
   * The backend took the work.
   *
   * @returns whether its health changed.
   */
  rise(): boolean {
    if (this.health === 'up') return false
    this.health = 'up'
    this.reason = ''
    this.retryAtMs = Number.POSITIVE_INFINITY
    this.#pauseMs = firstPauseMs
    return true
  }
}
