/** What the work given to a backend says of it: `trial` is one lease, to see if it is back. */
export type Standing = 'up' | 'down' | 'ejected' | 'trial'

/** Why it is left out: it took no work, it took work and was silent, or it failed too much of its work. */
export type Cause = 'refused' | 'silent' | 'ejected'

/** The first pause in milliseconds, and the longest; each failed trial doubles it. */
const downPauses = { firstMs: 1_000, longestMs: 30_000 }
const ejectedPauses = { firstMs: 5_000, longestMs: 60_000 }
/** After so long without a fall, the pauses begin anew. */
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
  #pauseMs = 0
  #fellMs: number = Number.NEGATIVE_INFINITY
  /** Who finds out whether it is back. */
  #trial: object | undefined

  get mayTakeWork(): boolean {
    return this.standing === 'up' || (this.standing === 'trial' && this.#trial === undefined)
  }

  /** Whether it was ejected and has not risen since. */
  get isEjected(): boolean {
    return this.standing !== 'up' && this.#cause === 'ejected'
  }

  /** Whether it is left out for more than not being there: that it is there brings it back no more. */
  get needsAnswer(): boolean {
    return this.standing !== 'up' && this.#cause !== 'refused'
  }

  /**
   * The backend could not take the work, was silent, or failed too much of it.
   *
   * While it is left out already, that is no news: work begun before it fell ends one after the other.
   *
   * @param jitter what the pause is multiplied by, so that not all are tried at the same time.
   * @returns whether its standing changed.
   */
  fall(cause: Cause, reason: string, nowMs: number, jitter = 1): boolean {
    if (this.standing === 'down' || this.standing === 'ejected') return false
    const isEjected = cause === 'ejected'
    const { firstMs, longestMs } = isEjected ? ejectedPauses : downPauses
    const isSame = isEjected === (this.#cause === 'ejected')
    const isRecent = nowMs - this.#fellMs < this.#pauseMs + forgivenMs
    // A refused connection is forgiven at once, for a restart is over when it is over.
    const doubles = isSame && (this.standing === 'trial' || (isEjected && isRecent))
    this.#pauseMs = doubles ? Math.min(this.#pauseMs * 2, longestMs) : firstMs
    this.standing = isEjected ? 'ejected' : 'down'
    this.reason = reason
    this.retryAtMs = nowMs + this.#pauseMs * jitter
    this.#cause = cause
    this.#fellMs = nowMs
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
}
