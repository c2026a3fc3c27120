import type { ErrorCode, PilotiError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'

/** Backends that are full serve many and turn others away: that is over when nobody was turned away for so long. */
const quietMs = 5_000

/** That nobody may take work, or nobody else: told once, then counted. */
export const shortages: ReadonlySet<ErrorCode> = new Set([
  'NO_BACKEND',
  'BACKENDS_FULL',
  'OUT_OF_SOCKETS',
])

/** Says once that clients are turned away, and once, with a count, when that is over. */
export class Outage {
  readonly #log: Log
  /** Why, each told once. */
  readonly #told = new Set<ErrorCode>()
  #refused = 0
  #lastMs = 0

  constructor(log: Log) {
    this.#log = log
  }

  /** A client was turned away because of `error`. */
  refuse({ code, message }: PilotiError): void {
    this.#refused++
    this.#lastMs = performance.now()
    if (this.#told.has(code)) return
    this.#told.add(code)
    const sentence = `a client was turned away: ${message}; more are only counted until this is over`
    this.#log.error('refused', sentence, { code })
  }

  /** A client was served. @returns whether nobody is turned away any more. */
  over(): boolean {
    if (this.#refused === 0) return true
    if (this.#told.has('BACKENDS_FULL') && performance.now() - this.#lastMs < quietMs) return false
    this.#log.info('refused_over', `clients are served again; ${this.#refused} were turned away`, {
      refused: this.#refused,
    })
    this.#told.clear()
    this.#refused = 0
    return true
  }
}
