const inRowMax = 5
const windowMs = 10_000
const windowLeast = 20
const windowShare = 0.5

/**
 * Says when a backend fails too much of its work: five times in a row, or more than half of at least twenty
 * in ten seconds.
 *
 * Nothing is done for work that succeeds but to reset a number: a window begins with a failure.
 *
 * @see Envoy's outlier detection: consecutive gateway failure, failure percentage.
 */
export class Outlier {
  /** Failures since the last success. */
  inRow = 0
  #windowStartMs: number = Number.NEGATIVE_INFINITY
  #okBefore = 0
  #failedBefore = 0

  /**
   * Takes a failure in.
   *
   * @param ok how much work has succeeded since the start, `failed` how much has failed, this included.
   * @returns why the backend should be left out, for people; empty when it should not.
   */
  fail(ok: number, failed: number, reason: string, nowMs: number): string {
    this.inRow++
    if (nowMs - this.#windowStartMs > windowMs) {
      this.#windowStartMs = nowMs
      this.#okBefore = ok
      this.#failedBefore = failed - 1
    }
    if (this.inRow >= inRowMax) return `${this.inRow} failures in a row, the last: ${reason}`
    const failures = failed - this.#failedBefore
    const all = failures + ok - this.#okBefore
    if (all < windowLeast || failures <= all * windowShare) return ''
    return `${failures} of ${all} failed within ${windowMs / 1_000} s, the last: ${reason}`
  }

  /** Begins anew. */
  restart(): void {
    this.inRow = 0
    this.#windowStartMs = Number.NEGATIVE_INFINITY
  }
}
