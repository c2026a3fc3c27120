import { createDraws, type Draws } from './draws.ts'
import { requestsOf } from './run.ts'
import type { Arrivals, Request, Workload } from './workload.ts'

/** Arrivals that do not depend on the answers. */
export type OpenArrivals = Exclude<Arrivals, { kind: 'closed' | 'given' }>

/** The requests of a workload with open arrivals, in order. */
export function* openRequests(
  workload: Workload,
  arrivals: OpenArrivals,
  seed: number,
): Generator<Request> {
  const { durationMs = Number.POSITIVE_INFINITY } = workload
  const draws = createDraws(workload, seed)
  const next = clockOf(arrivals, draws)
  for (let left = requestsOf(workload); left > 0; left--) {
    const atMs = next()
    if (atMs > durationMs) return
    yield draws.request(atMs)
  }
}

/** @returns what tells when the next request comes, each time it is called. */
function clockOf(arrivals: OpenArrivals, draws: Draws): () => number {
  let atMs = 0
  let came = 0
  switch (arrivals.kind) {
    case 'constant':
      return () => (came++ * 1_000) / arrivals.ratePerSecond
    case 'bursts':
      return () => Math.floor(came++ / arrivals.size) * arrivals.everyMs
    case 'poisson':
      return () => {
        atMs += draws.pauseMs(1_000 / arrivals.ratePerSecond)
        return atMs
      }
  }
}
