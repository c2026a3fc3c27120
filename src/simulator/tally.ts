/** Above this, how many requests a backend held is counted as this many. */
const heldMax = 64

/** A queue shorter than this may be chance. */
const growingMin = 100

/** What one backend was seen to do, as averages over time. */
export interface TallyView {
  /** Time from the beginning of the measurement to its end. */
  readonly elapsedMs: number
  /** The share of its servers that was at work. */
  readonly utilisation: number
  readonly meanHeld: number
  /** The most requests it held at a time, also after the last one came. */
  readonly mostHeld: number
  /** It held many when the measurement ended, and hardly ever more: its queue was growing. */
  readonly isGrowing: boolean
  /** How long it held exactly so many. */
  readonly heldMs: Float64Array
  /** The longest time without a request while it would have taken one. */
  readonly starvedMs: number
  /** How much work its servers could have done. */
  readonly capacityMs: number
}

/** Watches one backend. Whoever changes it says so, before. */
export class Tally {
  #sinceMs = 0
  #lastMs = 0
  #held = 0
  #busyShare = 0
  #power = 0
  #isFrozen = false
  #isGrowing = false
  #busyMs = 0
  #heldTotalMs = 0
  #mostHeld = 0
  #capacityMs = 0
  #heldMs = new Float64Array(heldMax + 1)
  /** Since when it waits for a request; undefined while it would take none. */
  #idleSinceMs: number | undefined = 0
  #starvedMs = 0

  /** From now on it holds `held`, with `busyShare` of its servers at work that could do `power` ms a ms. */
  change(nowMs: number, held: number, busyShare: number, power: number): void {
    this.#advance(nowMs)
    this.#held = held
    this.#busyShare = busyShare
    this.#power = power
    if (held > this.#mostHeld) this.#mostHeld = held
  }

  /** It got a request. */
  given(nowMs: number): void {
    this.#endIdle(nowMs)
    this.#idleSinceMs = nowMs
  }

  /** It takes no requests from now on, or takes them again. */
  opened(nowMs: number, isOpen: boolean): void {
    this.#endIdle(nowMs)
    this.#idleSinceMs = isOpen ? nowMs : undefined
  }

  /** Forgets what was, but not what is: the measurement begins. */
  reset(nowMs: number): void {
    this.#advance(nowMs)
    this.#sinceMs = nowMs
    this.#busyMs = 0
    this.#heldTotalMs = 0
    this.#capacityMs = 0
    this.#mostHeld = this.#held
    this.#heldMs = new Float64Array(heldMax + 1)
    this.#starvedMs = 0
    if (this.#idleSinceMs !== undefined) this.#idleSinceMs = nowMs
  }

  /** The last request has come: averages over time end here. */
  freeze(nowMs: number): void {
    this.#advance(nowMs)
    this.#endIdle(nowMs)
    this.#isFrozen = true
    this.#isGrowing = this.#held >= Math.max(growingMin, this.#mostHeld / 2)
  }

  view(): TallyView {
    const elapsedMs = this.#lastMs - this.#sinceMs
    const over = elapsedMs > 0 ? elapsedMs : Number.POSITIVE_INFINITY
    return {
      elapsedMs,
      utilisation: this.#busyMs / over,
      meanHeld: this.#heldTotalMs / over,
      mostHeld: this.#mostHeld,
      isGrowing: this.#isGrowing,
      heldMs: this.#heldMs,
      starvedMs: this.#starvedMs,
      capacityMs: this.#capacityMs,
    }
  }

  #advance(nowMs: number): void {
    if (this.#isFrozen) return
    const stepMs = nowMs - this.#lastMs
    this.#lastMs = nowMs
    this.#busyMs += stepMs * this.#busyShare
    this.#heldTotalMs += stepMs * this.#held
    this.#capacityMs += stepMs * this.#power
    this.#heldMs[Math.min(this.#held, heldMax)]! += stepMs
  }

  #endIdle(nowMs: number): void {
    if (this.#isFrozen || this.#idleSinceMs === undefined) return
    this.#starvedMs = Math.max(this.#starvedMs, nowMs - this.#idleSinceMs)
  }
}
