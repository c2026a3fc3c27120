import { Histogram } from '../base/histogram.ts'

const tickMs = 100

/** How late the event loop is, as far as it was watched. */
export interface LagWatch {
  readonly lags: Histogram
  stop(): void
}

/** Looks ten times a second how late a timer is. It does not keep the process alive. */
export function watchLag(): LagWatch {
  const lags = new Histogram()
  let dueMs = performance.now() + tickMs
  const timer = setInterval(() => {
    const nowMs = performance.now()
    lags.record(Math.max(0, nowMs - dueMs))
    dueMs = nowMs + tickMs
  }, tickMs)
  timer.unref()
  return { lags, stop: () => clearInterval(timer) }
}
