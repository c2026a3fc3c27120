import { type Address, formatAddress } from '../base/address.ts'
import { ewma } from '../base/ewma.ts'
import { Histogram, type HistogramView } from '../base/histogram.ts'
import type { Candidate } from './strategy.ts'
import { type Health, Verdict } from './verdict.ts'

/** What discovery tells of a backend. */
export interface BackendSpec {
  readonly address: Address
  /** How much of the work it should get, beside the others; above 0, 1 by default. */
  readonly weight?: number
}

/** A read-only copy of what the pool knows of one backend. Totals count from the start. */
export interface BackendView {
  readonly id: string
  weight: number
  readonly health: Health
  /** Why it is down; empty while it is up. */
  readonly reason: string
  readonly active: number
  readonly leases: number
  readonly ok: number
  readonly failed: number
  readonly aborted: number
  readonly sentBytes: number
  readonly receivedBytes: number
  /** The moving average the strategies see. */
  readonly averageResponseTimeMs: number
  readonly responseTimes: HistogramView
}

/** One response time in ten is news enough to follow a change, and slow enough not to follow noise. */
const sampleShare = 0.1
/** What was measured this long ago counts half against a new response time, however few there were. */
const memoryHalfLifeMs = 10_000

/** A server that can do the work. Only the pool writes here; everyone else holds it `Readonly`. */
export class Backend implements Candidate {
  readonly id: string
  readonly address: Address
  weight: number
  fullWeight: number
  readonly verdict: Verdict = new Verdict()
  readonly responseTimes: Histogram = new Histogram()
  active = 0
  waiting = 0
  responseTimeMs = 0
  peakResponseTimeMs = 0
  errorShare = 0
  quietSinceMs = 0
  leases = 0
  ok = 0
  failed = 0
  aborted = 0
  sentBytes = 0
  receivedBytes = 0
  #measuredAtMs = 0

  /** @throws RangeError for a weight that is not above 0, or a port that is none. */
  constructor(spec: BackendSpec) {
    const { address, weight = 1 } = spec
    this.address = address
    this.id = formatAddress(address)
    this.weight = weight
    this.fullWeight = weight
    if (!(weight > 0 && weight < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`backend ${this.id} has weight ${weight}: above 0 wanted`)
    }
    // Node would throw at the first dial, where nobody expects it.
    if ('port' in address && !isPort(address.port)) {
      throw new RangeError(`backend ${this.id} has port ${address.port}: 0 to 65535 wanted`)
    }
  }

  /** Takes a response time into the average and the histogram. */
  measure(responseTimeMs: number, nowMs: number): void {
    const average = this.responseTimeMs
    const forgotten = 1 - 2 ** ((this.#measuredAtMs - nowMs) / memoryHalfLifeMs)
    const share = average === 0 ? 1 : Math.max(sampleShare, forgotten)
    this.responseTimeMs = ewma(average, responseTimeMs, share)
    this.#measuredAtMs = nowMs
    this.responseTimes.record(responseTimeMs)
  }

  view(): BackendView {
    return {
      id: this.id,
      weight: this.weight,
      health: this.verdict.health,
      reason: this.verdict.reason,
      active: this.active,
      leases: this.leases,
      ok: this.ok,
      failed: this.failed,
      aborted: this.aborted,
      sentBytes: this.sentBytes,
      receivedBytes: this.receivedBytes,
      averageResponseTimeMs: this.responseTimeMs,
      responseTimes: this.responseTimes.view(),
    }
  }
}

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 0 && port <= 65_535
