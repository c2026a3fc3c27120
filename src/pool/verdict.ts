/** What the work given to a backend says of it: `trial` is one lease, to see if it is back. */
export type Standing = 'up' | 'down' | 'ejected' | 'trial'

/** Why it is left out: it took no work, it took work and was silent, or it failed too much of its work. */
export type Cause = 'refused' | 'silent' | 'ejected'

/** The first pause in milliseconds, and the longest; each failed trial doubles it. */
const downPauses = { firstMs: 1_000, longestMs: 30_000 }
const ejectedPauses = { firstMs: 5_000, longestMs: 60_000 }
/** After so long without an ejection, its pauses begin anew. */
const forgivenMs = 60_000

/**
 * The passive rise and fall of one backend: left out after a failure, for twice as long after each failed
 * trial.
 *
 * It knows no clock; whoever asks says what time it is, in milliseconds.
 */
export class Verdict {
  standing: Standing = 'up'
  /** Why it is left out, for people; empty while it is up. */
  reason = ''
  /** When a backend that is left out may be tried again. */
  retryAtMs: number = Number.POSITIVE_INFINITY
  #cause: Cause = 'refused'
  #downPauseMs = 0
  #ejectedPauseMs = 0
  #ejectedAtMs: number = Number.NEGATIVE_INFINITY
  /** Who finds out whether it is back. */
  #trial: object | undefined

  get mayTakeWork(): boolean {
    return this.standing === 'up' || (this.standing === 'trial' && this.#trial === undefined)
  }

  /** Whether it was ejected and has not risen since. */
  get isEjected(): boolean {
    return this.standing !== 'up' && this.#cause === 'ejected'
  }

  /** Whether it is down for its silence. */
  get isSilent(): boolean {
    return this.standing === 'down' && this.#cause === 'silent'
  }

  /** Whether it is left out for more than not being there: that it is there brings it back no more. */
  get needsAnswer(): boolean {
    return this.standing !== 'up' && this.#cause !== 'refused'
  }

  /**
   * The backend could not take the work, was silent, or failed too much of it.
   *
   * While it is left out already, that is no news: work begun before it fell ends one after the other. But one
   * that is down for its silence may be ejected.
   *
   * @param jitter what the pause is multiplied by, so that not all are tried at the same time.
   * @returns whether its standing changed.
   */
  fall(cause: Cause, reason: string, nowMs: number, jitter = 1): boolean {
    const isEjected = cause === 'ejected'
    const isOut = this.standing === 'down' || this.standing === 'ejected'
    if (isOut && !(isEjected && this.isSilent)) return false
    const pauseMs = isEjected ? this.#nextEjectedPause(nowMs) : this.#nextDownPause()
    this.standing = isEjected ? 'ejected' : 'down'
    this.reason = reason
    this.retryAtMs = nowMs + pauseMs * jitter
    this.#cause = cause
    this.#trial = undefined
    return true
  }

  /** The pause is over, or the trial has ended without a result: one lease may find out. */
  try(): void {
    this.standing = 'trial'
    this.retryAtMs = Number.POSITIVE_INFINITY
    this.#trial = undefined
  }

  /** @returns whether the lease that asks is the trial. */
  takeTrial(lease: object): boolean {
    if (this.standing !== 'trial' || this.#trial !== undefined) return false
    this.#trial = lease
    return true
  }

  /** Whether `lease` is the trial under way; an earlier one may still be unfinished. */
  isTriedBy(lease: object): boolean {
    return this.standing === 'trial' && this.#trial === lease
  }

  /**
   * The backend is back.
   *
   * @returns whether its standing changed.
   */
  rise(): boolean {
    if (this.standing === 'up') return false
    this.standing = 'up'
    this.reason = ''
    this.retryAtMs = Number.POSITIVE_INFINITY
    this.#trial = undefined
    return true
  }

  /** A refused connection is forgiven at once, for a restart is over when it is over. */
  #nextDownPause(): number {
    const { firstMs, longestMs } = downPauses
    const doubles = this.standing === 'trial' && this.#cause !== 'ejected'
    this.#downPauseMs = doubles ? Math.min(this.#downPauseMs * 2, longestMs) : firstMs
    return this.#downPauseMs
  }

  #nextEjectedPause(nowMs: number): number {
    const { firstMs, longestMs } = ejectedPauses
    const isRecent = nowMs - this.#ejectedAtMs < this.#ejectedPauseMs + forgivenMs
    const doubles = isRecent || this.isEjected
    this.#ejectedPauseMs = doubles ? Math.min(this.#ejectedPauseMs * 2, longestMs) : firstMs
    this.#ejectedAtMs = nowMs
    return this.#ejectedPauseMs
  }
}
