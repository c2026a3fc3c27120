import type { Histogram } from '../base/histogram.ts'
import type { Backend } from '../pool/backend.ts'
import type { BackendSample } from './dashboard/told.ts'

/** One second says little of what comes a few times a second. */
export const windowTicks = 3

/** How many answers took how long, by the upper edge of the histogram's bucket. */
type Counts = ReadonlyMap<number, number>

interface Snapshot {
  readonly atMs: number
  readonly leases: number
  readonly failed: number
  readonly errors: number
  readonly answered: number
  readonly counts: Counts
}

/** What a backend did in the last seconds: differences of what it has done since the start. */
export class Window {
  readonly #snapshots: Snapshot[] = []

  /**
   * Looks at the backend once more.
   *
   * @returns what it did in the last few seconds; and, by upper edge, the answers since the last look.
   */
  look(backend: Readonly<Backend>, nowMs: number): { sample: BackendSample; answers: Counts } {
    const last = this.#snapshots.at(-1)
    const now = snapshotOf(backend, nowMs, last)
    this.#snapshots.push(now)
    if (this.#snapshots.length > windowTicks + 1) this.#snapshots.shift()
    const first = this.#snapshots[0]!
    const perS = (count: number): number =>
      now === first ? 0 : tenths((count * 1_000) / (now.atMs - first.atMs))
    const counts = difference(now.counts, first.counts)
    const answered = now.answered - first.answered
    // A relayed 502, 503 or 504 counts as both.
    const failures = Math.max(now.failed - first.failed, now.errors - first.errors)
    const [p50, p99] = [percentile(counts, answered, 0.5), percentile(counts, answered, 0.99)]
    const sample: BackendSample = [
      ...([perS(now.leases - first.leases), p50, p99] as const),
      ...([backend.active, perS(failures)] as const),
    ]
    return { sample, answers: difference(now.counts, last?.counts ?? now.counts) }
  }
}

function snapshotOf(backend: Readonly<Backend>, atMs: number, last?: Snapshot): Snapshot {
  const { errors, failed, leases, responseTimes } = backend
  const answered = responseTimes.count
  const isSame = last?.answered === answered
  const counts = isSame ? last.counts : countsOf(responseTimes)
  return { atMs, leases, failed, errors, answered, counts }
}

const countsOf = (times: Readonly<Histogram>): Counts =>
  new Map(times.buckets().map(({ count, upToMs }) => [upToMs, count]))

/** Lowest edge first, as both are. */
function difference(after: Counts, before: Counts): Counts {
  if (after === before) return nothing
  const more = [...after].map(([upToMs, n]) => [upToMs, n - (before.get(upToMs) ?? 0)] as const)
  return new Map(more.filter(([, count]) => count > 0))
}

const nothing: Counts = new Map()

function percentile(counts: Counts, total: number, share: number): number | null {
  let left = Math.ceil(share * total)
  for (const [upToMs, count] of counts) {
    left -= count
    if (left <= 0) return Math.round(upToMs * 100) / 100
  }
  return null
}

const tenths = (value: number): number => Math.round(value * 10) / 10
