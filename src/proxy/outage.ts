import type { PilotiError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'

/** Says once that clients are turned away, and once, with a count, when that is over. */
export class Outage {
  readonly #log: Log
  #refused = 0

  constructor(log: Log) {
    this.#log = log
  }

  /** A client was turned away because of `error`. */
  refuse(error: PilotiError): void {
    this.#refused++
    if (this.#refused > 1) return
    const sentence = `a client was turned away: ${error.message}; more are only counted until this is over`
    this.#log.error('refused', sentence, { code: error.code })
  }

  /** A client was served. */
  over(): void {
    if (this.#refused === 0) return
    this.#log.info('refused_over', `clients are served again; ${this.#refused} were turned away`, {
      refused: this.#refused,
    })
    this.#refused = 0
  }
}
