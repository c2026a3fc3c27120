import type { Balancer } from '../balancer.ts'
import type { Backend } from '../pool/backend.ts'
import type { Pool } from '../pool/pool.ts'
import type { BackendSample, PoolSample, Sample } from './dashboard/told.ts'
import { binned } from './history-bins.ts'
import { Window, windowTicks } from './history-window.ts'

/** How many samples are kept: five minutes, at one a second. */
export const samplesMax = 300

/** What was measured lately. It reads counters that are there anyway, and costs the work nothing. */
export class History {
  readonly samples: Sample[] = []
  readonly #balancer: Balancer
  readonly #windows = new WeakMap<Readonly<Backend>, Window>()
  /** How much each listener had done, the last few times. */
  readonly #totals: { readonly atMs: number; readonly totals: Totals }[] = []

  constructor(balancer: Balancer) {
    this.#balancer = balancer
  }

  /** Takes one more sample, and forgets the oldest. */
  take(nowMs: number, clockMs: number): Sample {
    const pools = [...this.#balancer.pools].map(
      ([name, pool]) => [name, this.#poolSample(pool, nowMs)] as const,
    )
    const sample: Sample = {
      atMs: Math.round(clockMs),
      listeners: this.#listenerRates(nowMs),
      pools: Object.fromEntries(pools),
    }
    this.samples.push(sample)
    if (this.samples.length > samplesMax) this.samples.shift()
    return sample
  }

  #poolSample(pool: Pool, nowMs: number): PoolSample {
    const answers: (readonly [number, number])[] = []
    const backends: [string, BackendSample][] = []
    for (const backend of pool.backends) {
      const seen = this.#windowOf(backend).look(backend, nowMs)
      answers.push(...seen.answers)
      backends.push([backend.id, seen.sample])
    }
    return { answers: binned(answers), backends: Object.fromEntries(backends) }
  }

  #windowOf(backend: Readonly<Backend>): Window {
    const known = this.#windows.get(backend)
    if (known !== undefined) return known
    const window = new Window()
    this.#windows.set(backend, window)
    return window
  }

  #listenerRates(nowMs: number): Record<string, number> {
    const totals = totalsOf(this.#balancer)
    this.#totals.push({ atMs: nowMs, totals })
    if (this.#totals.length > windowTicks + 1) this.#totals.shift()
    const before = this.#totals[0]!
    const rates = [...totals].map(([name, total]) => {
      if (before.atMs === nowMs) return [name, 0] as const
      // One that is new has done all it did since then; one that listens anew begins again.
      const more = Math.max(0, total - (before.totals.get(name) ?? 0))
      return [name, Math.round((more * 10_000) / (nowMs - before.atMs)) / 10] as const
    })
    return Object.fromEntries(rates)
  }
}

/** By the name of the listener: requests, messages in mode `lines`, or connections in mode `tcp`. */
type Totals = ReadonlyMap<string, number>

function totalsOf(balancer: Balancer): Totals {
  const { listeners } = balancer.view()
  return new Map(
    Object.entries(listeners).map(([name, { connections, http, lines }]) => [
      name,
      http?.requests ?? lines?.messages ?? connections.total,
    ]),
  )
}
