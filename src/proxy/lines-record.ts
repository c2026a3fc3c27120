import type { Survey } from '../pool/decisions.ts'
import type { Pool } from '../pool/pool.ts'
import type { AccessLog } from './access-log.ts'
import { Explanation } from './explain.ts'
import { Notes } from './notes.ts'

/** A longer message is cut in what is told of it. */
const whatBytes = 200

/** What is told of one message when it is over: to the access log, and to the decisions of the pool. */
export class LinesRecord {
  readonly #notes: Notes
  readonly #what: string
  #explanation: Explanation | undefined

  /** @param client its address @param startMs the arrival, on the monotonic clock @param pool its name */
  constructor(client: string, startMs: number, pool: string, line: Buffer) {
    this.#notes = new Notes(client, startMs)
    this.#notes.pool = pool
    this.#what = line.toString('utf8', 0, whatBytes)
  }

  get isExplained(): boolean {
    return this.#explanation !== undefined
  }

  /** From here on it is noted how a backend is found. */
  explain(): void {
    this.#explanation = new Explanation()
  }

  /** A strategy is about to pick. */
  look(survey: () => Survey): void {
    this.#explanation?.look(survey())
  }

  picked(backend: string): void {
    this.#explanation?.picked(backend)
    this.#notes.tries(backend)
  }

  /** The try failed. */
  failed(why: string): void {
    this.#explanation?.failed(why)
  }

  waits(): void {
    this.#notes.mark()
  }

  waited(): void {
    this.#notes.queued()
  }

  sent(bytes: number): void {
    this.#notes.requestBytes = bytes
  }

  answered(bytes: number, nowMs: number): void {
    this.#notes.answered(nowMs)
    this.#notes.responseBytes = bytes
  }

  /** It is over. @param how as the access log says it */
  ended(how: string, { decisions }: Pool, accessLog: AccessLog | undefined): void {
    this.#notes.ended(how, 0)
    accessLog?.tell(this.#notes)
    if (this.#explanation === undefined) return
    decisions.add({ ...this.#explanation.decision(this.#notes), what: this.#what })
  }
}
