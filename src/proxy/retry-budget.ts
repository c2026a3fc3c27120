const shareOfActive = 0.2
const alwaysPerSecond = 3
const waitingMax = 1_024

/**
 * Bounds retries to a fifth of the work under way, and at least three a second, so that failing backends are
 * not buried under repetitions.
 *
 * A retry beyond that is not refused: it waits for its turn, for retries are short. Only when too many wait
 * already is it refused.
 */
export class RetryBudget {
  readonly #now: () => number
  readonly #waiting: (() => void)[] = []
  #active = 0
  #second = 0
  #inSecond = 0
  #ended = 0
  #isHandingOn = false

  constructor(now: () => number) {
    this.#now = now
  }

  /**
   * Calls `start` when a retry may begin, perhaps at once; `finish` must follow each start.
   *
   * @param workActive how much work is under way in all.
   * @returns false when too many retries wait already.
   */
  request(workActive: number, start: () => void): boolean {
    if (this.#mayStart(workActive)) {
      this.#active++
      start()
      return true
    }
    if (this.#waiting.length >= waitingMax) return false
    this.#waiting.push(start)
    return true
  }

  /** Who waits with `start` has left. */
  forget(start: () => void): void {
    const index = this.#waiting.indexOf(start)
    if (index !== -1) this.#waiting.splice(index, 1)
  }

  /** A retry has ended, one way or the other. */
  finish(): void {
    this.#ended++
    // One that ends while it starts: the loop goes on, instead of a call in a call in a call.
    if (this.#isHandingOn) return
    this.#isHandingOn = true
    for (; this.#ended > 0; this.#ended--) {
      const next = this.#waiting.shift()
      if (next === undefined) this.#active--
      else next()
    }
    this.#isHandingOn = false
  }

  #mayStart(workActive: number): boolean {
    const second = Math.floor(this.#now() / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#inSecond = 0
    }
    if (this.#active < workActive * shareOfActive) return true
    // With nothing to wait for, a retry that waits would wait for ever.
    if (this.#inSecond >= alwaysPerSecond && this.#active > 0) return false
    this.#inSecond++
    return true
  }
}
