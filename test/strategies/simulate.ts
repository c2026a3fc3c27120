import { strategies } from '../../src/strategies/index.ts'
import { poolOf } from './laws.ts'

export interface Workload {
  /** How many clients ask, each again as soon as it has its answer. */
  readonly clients: number
  readonly requests: number
  /** How long a client waits before it asks again, on average; 0 by default. */
  readonly pauseMs?: number
  /** The computing time of a backend's n-th request (from 1), before a variation by 20 %. */
  workMs(backend: number, nth: number): number
}

interface Job {
  leftMs: number
  finish(): void
}

const backends = 5
const make = strategies['least-response-time']!

/**
 * Plays a workload in virtual time against five backends of one core each, whose jobs share it equally.
 *
 * @returns how many requests each backend got.
 */
export function simulate({ clients, requests, pauseMs = 0, workMs }: Workload): number[] {
  let nowMs = 0
  let asked = 0
  const random = randomFrom(clients)
  const pool = poolOf(backends, make, () => nowMs)
  const cores = Array.from({ length: backends }, (): Job[] => [])
  const pauses: { untilMs: number; client: () => void }[] = []

  const ask = (): void => {
    if (asked++ >= requests) return
    const startMs = nowMs
    const lease = pool.lease('')!
    const backend = Number(lease.backend.id.slice(2)) - 1
    const leftMs = workMs(backend, lease.backend.leases) * (0.8 + 0.4 * random())
    const finish = (): void => {
      lease.release('ok', nowMs - startMs)
      pause()
    }
    cores[backend]!.push({ leftMs, finish })
  }
  const pause = (): void => {
    pauses.push({ untilMs: nowMs - Math.log(1 - random()) * pauseMs, client: ask })
  }

  for (let client = 0; client < clients; client++) pause()
  for (;;) {
    const core = cores.reduce((a, b) => (endMs(b) < endMs(a) ? b : a))
    const wake = Math.min(...pauses.map(({ untilMs }) => untilMs)) - nowMs
    const stepMs = Math.min(endMs(core), wake)
    if (stepMs === Number.POSITIVE_INFINITY) break
    for (const jobs of cores) for (const job of jobs) job.leftMs -= stepMs / jobs.length
    nowMs += stepMs
    if (wake <= stepMs) removeLeast(pauses, ({ untilMs }) => untilMs).client()
    else removeLeast(core, ({ leftMs }) => leftMs).finish()
  }
  return pool.view().backends.map(({ leases }) => leases)
}

const shortestMs = (jobs: readonly Job[]): number => Math.min(...jobs.map(({ leftMs }) => leftMs))

/** How long until the first of these jobs is done. */
const endMs = (jobs: readonly Job[]): number =>
  jobs.length === 0 ? Number.POSITIVE_INFINITY : shortestMs(jobs) * jobs.length

function removeLeast<T>(items: T[], measure: (item: T) => number): T {
  const least = Math.min(...items.map(measure))
  return items.splice(
    items.findIndex((item) => measure(item) === least),
    1,
  )[0]!
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }
}
