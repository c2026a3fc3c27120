/** How many answers had a status of each class. */
export type AnswersView = Readonly<Record<StatusClass, number>>

export type StatusClass = '1xx' | '2xx' | '3xx' | '4xx' | '5xx'

/** Counts answers by the class of their status; to count one is to add one. */
export class Answers {
  /** By the first digit. */
  readonly #counts = new Float64Array(6)

  /** @param status from 100 to 599. */
  count(status: number): void {
    this.#counts[Math.floor(status / 100)]!++
  }

  view(): AnswersView {
    const [, informed = 0, done = 0, elsewhere = 0, refused = 0, failed = 0] = this.#counts
    return { '1xx': informed, '2xx': done, '3xx': elsewhere, '4xx': refused, '5xx': failed }
  }
}
