import type { Report } from './report.ts'

/** What it takes to change one's mind: so many reports in a row. */
export interface Rules {
  /** Good ones, for a backend that is down. */
  readonly rise: number
  /** Bad ones, for a backend that is up. */
  readonly fall: number
}

/** What the probes say of one backend. `unknown` until the first one, which is believed at once. */
export class Probed {
  state: 'unknown' | 'up' | 'down' = 'unknown'
  /** What the last bad report said, while it counts; empty otherwise. */
  reason = ''
  /** Good reports in a row. */
  successes = 0
  /** Bad reports in a row. */
  failures = 0

  take({ isWell, reason }: Report, { rise, fall }: Rules): void {
    this.successes = isWell ? this.successes + 1 : 0
    this.failures = isWell ? 0 : this.failures + 1
    if (isWell && (this.state === 'unknown' || this.successes >= rise)) {
      this.state = 'up'
      this.reason = ''
    }
    if (isWell) return
    if (this.state === 'unknown' || this.failures >= fall) this.state = 'down'
    if (this.state === 'down') {
      const times = this.failures === 1 ? 'a failed probe' : `${this.failures} failed probes`
      this.reason = `${times}: ${reason}`
    }
  }

  /** Forgets all reports. */
  begin(state: 'unknown' | 'up'): void {
    this.state = state
    this.reason = ''
    this.successes = 0
    this.failures = 0
  }

  /** What was good before says nothing of now: the work given to it has failed. */
  restart(): void {
    this.successes = 0
  }
}
