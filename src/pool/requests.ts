import { Histogram, type HistogramView } from '../base/histogram.ts'
import { Answers, type AnswersView } from './answers.ts'

export interface RequestsView {
  readonly times: HistogramView
  readonly own: AnswersView
}

/** What clients got whose work has requests and answers. Who forwards them writes here, and nobody else. */
export class Requests {
  /** From the head of a request to the end of its answer, retries and waiting in line included. */
  readonly times: Histogram = new Histogram()
  /** Answers that no backend gave. */
  readonly own: Answers = new Answers()

  view(): RequestsView {
    return { times: this.times.view(), own: this.own.view() }
  }
}
