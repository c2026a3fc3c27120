import { Durations } from './durations.ts'
import type { BackendReport, ErrorCounts, Queue, StrategyReport } from './report.ts'
import type { Station } from './station.ts'
import type { TallyView } from './tally.ts'

/** What is counted of one backend beside its tally. */
interface Count {
  requests: number
  failed: number
  readonly responses: Durations
}

export type Failure = Exclude<keyof ErrorCounts, 'unfinished'>

/** So many keys are remembered; those of more are not looked at. */
const keysMax = 100_000

/** Measures a run. What came before the measurement began is not counted when it ends, either. */
export class Meter {
  readonly #stations: readonly Station[]
  readonly #counts = new Map<Station, Count>()
  readonly #response = new Durations()
  readonly #waiting = new Durations()
  readonly #errors: Record<Failure, number> = { failed: 0, refused: 0, timedOut: 0, lost: 0 }
  readonly #sinceMs: number
  readonly #isOpen: boolean
  readonly #lastOf = new Map<string, Station>()
  #returned = 0
  #kept = 0
  #isFrozen = false
  #arrived = 0
  #workMs = 0
  #retries = 0

  /** @param isOpen whether what comes does not wait for answers, so that a queue can grow for ever. */
  constructor(stations: readonly Station[], sinceMs: number, isOpen: boolean) {
    this.#stations = stations
    this.#isOpen = isOpen
    this.#sinceMs = sinceMs
    for (const station of stations) {
      this.#counts.set(station, { requests: 0, failed: 0, responses: new Durations() })
    }
  }

  /** The measurement begins. */
  begin(nowMs: number): void {
    for (const { tally } of this.#stations) tally.reset(nowMs)
  }

  /** The last request has come. */
  freeze(nowMs: number): void {
    if (this.#isFrozen) return
    this.#isFrozen = true
    for (const { tally } of this.#stations) tally.freeze(nowMs)
  }

  arrived(nowMs: number, workMs: number): void {
    if (nowMs < this.#sinceMs) return
    this.#arrived++
    this.#workMs += workMs
  }

  given(station: Station, key: string, nowMs: number): void {
    station.tally.given(nowMs)
    const last = this.#lastOf.get(key)
    if (last !== station && (last !== undefined || this.#lastOf.size < keysMax)) {
      this.#lastOf.set(key, station)
    }
    if (nowMs < this.#sinceMs) return
    this.#counts.get(station)!.requests++
    if (last === undefined) return
    this.#returned++
    if (last === station) this.#kept++
  }

  retried(nowMs: number): void {
    if (nowMs >= this.#sinceMs) this.#retries++
  }

  succeeded(station: Station, arrivedMs: number, nowMs: number, workMs: number): void {
    if (arrivedMs < this.#sinceMs) return
    const { latencyMs, speed } = station.model
    const responseMs = nowMs - arrivedMs
    this.#response.record(responseMs)
    this.#waiting.record(Math.max(responseMs - latencyMs - workMs / speed, 0))
    this.#counts.get(station)!.responses.record(responseMs)
  }

  failed(how: Failure, arrivedMs: number, station?: Station): void {
    if (arrivedMs < this.#sinceMs) return
    this.#errors[how]++
    if (station !== undefined) this.#counts.get(station)!.failed++
  }

  /** How many requests have failed so far. */
  get failures(): number {
    return sum(Object.values(this.#errors))
  }

  /** What came in for what could be done. */
  offeredLoad(): number {
    let capacityMs = 0
    for (const { tally } of this.#stations) capacityMs += tally.view().capacityMs
    return capacityMs === 0 ? 0 : this.#workMs / capacityMs
  }

  get elapsedMs(): number {
    return this.#stations[0]!.tally.view().elapsedMs
  }

  report(strategy: string): StrategyReport {
    const succeeded = this.#response.count
    const views = this.#stations.map(({ tally }) => tally.view())
    const backends = this.#stations.map((station, index) => this.#backend(station, views[index]!))
    const utilisations = backends.map(({ utilisation }) => utilisation)
    const mean = sum(utilisations) / backends.length
    return {
      strategy,
      requests: this.#arrived,
      succeeded,
      errors: { ...this.#errors, unfinished: this.#arrived - succeeded - this.failures },
      retries: this.#retries,
      response: this.#response.spread(),
      waiting: this.#waiting.spread(),
      imbalance: mean === 0 ? 1 : largest(utilisations) / mean,
      isUnstable: this.#isOpen && views.some(({ isGrowing }) => isGrowing),
      keptShare: this.#returned === 0 ? 0 : this.#kept / this.#returned,
      leastShare: backends.reduce((least, { share }) => Math.min(least, share), 1),
      starvedMs: largest(backends.map(({ starvedMs }) => starvedMs)),
      queue: queueOf(views),
      backends,
    }
  }

  #backend(station: Station, view: TallyView): BackendReport {
    const { host, port, group, weight } = station.model
    const { requests, failed, responses } = this.#counts.get(station)!
    const all = sum([...this.#counts.values()].map((count) => count.requests))
    const { utilisation, meanHeld, mostHeld, starvedMs } = view
    return {
      id: `${host}:${port}`,
      group,
      weight,
      requests,
      share: all === 0 ? 0 : requests / all,
      utilisation,
      meanResponseMs: responses.meanMs,
      meanHeld,
      mostHeld,
      failed,
      starvedMs,
    }
  }
}

function queueOf(views: readonly TallyView[]): Queue {
  const elapsedMs = sum(views.map((view) => view.elapsedMs))
  const atLeast: number[] = []
  let leftMs = elapsedMs
  for (let held = 0; leftMs > elapsedMs * 1e-12 && held < views[0]!.heldMs.length; held++) {
    atLeast.push(leftMs / elapsedMs)
    for (const { heldMs } of views) leftMs -= heldMs[held]!
  }
  return {
    mean: sum(views.map(({ meanHeld }) => meanHeld)) / views.length,
    most: largest(views.map(({ mostHeld }) => mostHeld)),
    atLeast,
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

const largest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value), 0)
