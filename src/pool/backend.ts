import { type Address, formatAddress } from '../base/address.ts'
import { ewma } from '../base/ewma.ts'
import { Histogram } from '../base/histogram.ts'
import { Outlier } from './outlier.ts'
import { Probed } from './probed.ts'
import type { Candidate } from './strategy.ts'
import { Verdict } from './verdict.ts'
import { WarmUp } from './warm-up.ts'

/** What discovery tells of a backend. */
export interface BackendSpec {
  readonly address: Address
  /** How much of the work it should get, beside the others; above 0, 1 by default. */
  readonly weight?: number
  /** How many leases it holds at the most; 0 is no limit. The pool's own limit by default. */
  readonly maxConnections?: number
  /** It finishes what it has and gets no more. */
  readonly isDraining?: boolean
}

/** Whether it may take work, and if not why: in a word. `trial` is one lease, to see if it is back. */
export type Health = 'up' | 'down' | 'ejected' | 'trial' | 'overloaded' | 'draining' | 'unknown'

/** One response time in ten is news enough to follow a change, and slow enough not to follow noise. */
const sampleShare = 0.1
/** What was measured this long ago counts half against a new response time, however few there were. */
const memoryHalfLifeMs = 10_000
/** The peak average forgets to e⁻¹ in this time. */
const peakDecayMs = 10_000
/** Weights follow a reported load in steps, for strategies that keep tables. */
const loadSteps = 20

/** A server that can do the work. Only the pool writes here; everyone else holds it `Readonly`. */
export class Backend implements Candidate {
  readonly id: string
  readonly address: Address
  /** What was told of it last. */
  spec: BackendSpec
  weight = 1
  fullWeight = 1
  /** 0 is no limit. */
  maxConnections = 0
  readonly verdict: Verdict = new Verdict()
  readonly probed: Probed = new Probed()
  readonly outlier: Outlier = new Outlier()
  readonly warmUp: WarmUp
  readonly responseTimes: Histogram = new Histogram()
  /** An operator, or discovery, lets it finish. */
  isAskedToDrain = false
  /** It says itself that it will end. */
  saysItDrains = false
  /** No longer in the pool, but with work to finish. */
  isRemoved = false
  /** Nobody has given it work yet, although the process had been running: it must warm up first. */
  isNew = false
  /** What the last transition told of it. */
  told: 'up' | 'down' | 'ejected' = 'up'
  health: Health = 'up'
  healthSinceMs = 0
  /** How busy it says it is, from 0; 1 and above is too busy for any more work. */
  load = 0
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
  errors = 0
  ejections = 0
  sentBytes = 0
  receivedBytes = 0
  #measuredAtMs = 0

  /** @throws RangeError for a weight or limit out of range, or a port that is none. */
  constructor(spec: BackendSpec, slowStartMs = 0) {
    const { address, weight = 1, maxConnections = 0, isDraining = false } = spec
    this.spec = spec
    this.maxConnections = maxConnections
    this.isAskedToDrain = isDraining
    this.address = address
    this.id = formatAddress(address)
    this.warmUp = new WarmUp(slowStartMs)
    checkWeight(this.id, weight)
    this.weight = weight
    this.fullWeight = weight
    if (!(Number.isInteger(maxConnections) && maxConnections >= 0)) {
      throw new RangeError(`backend ${this.id} has maxConnections ${maxConnections}: from 0 wanted`)
    }
    // Node would throw at the first dial, where nobody expects it.
    if ('port' in address && !isPort(address.port)) {
      throw new RangeError(`backend ${this.id} has port ${address.port}: 0 to 65535 wanted`)
    }
  }

  get isDraining(): boolean {
    return this.isAskedToDrain || this.saysItDrains
  }

  get isFull(): boolean {
    return this.maxConnections > 0 && this.active >= this.maxConnections
  }

  /** Whether the end of a lease changes what the pool may do. */
  get isWatched(): boolean {
    return this.maxConnections > 0 || this.isDraining || this.isRemoved
  }

  /** Whether its health may soon be another: probes look closer then. */
  get isUnsettled(): boolean {
    const { failures, state, successes } = this.probed
    return this.verdict.standing !== 'up' || (state === 'down' ? successes > 0 : failures > 0)
  }

  /** Takes a response time into the averages and the histogram. */
  measure(responseTimeMs: number, nowMs: number, isError: boolean): void {
    const average = this.responseTimeMs
    const sinceMs = nowMs - this.#measuredAtMs
    const share = Math.max(sampleShare, 1 - 2 ** (-sinceMs / memoryHalfLifeMs))
    this.#measuredAtMs = nowMs
    this.responseTimes.record(responseTimeMs)
    if (isError) this.errors++
    if (isError || this.errorShare > 0) {
      this.errorShare = ewma(this.errorShare, isError ? 1 : 0, share)
    }
    // An error may be quick: it must not make its backend look fast.
    const ms = isError ? Math.max(responseTimeMs, average) : responseTimeMs
    this.responseTimeMs = average === 0 ? ms : ewma(average, ms, share)
    const kept = Math.exp(-sinceMs / peakDecayMs)
    const peak = this.peakResponseTimeMs
    this.peakResponseTimeMs = ms > peak ? ms : ewma(ms, peak, kept)
  }

  /** Work that failed without an answer. */
  failUnanswered(): void {
    this.errorShare = ewma(this.errorShare, 1, sampleShare)
  }

  /** What the strategies see of its weight: less while it warms up, or is loaded. */
  weigh(nowMs: number): void {
    const free = Math.max(1, Math.round((1 - Math.min(this.load, 1)) * loadSteps)) / loadSteps
    this.weight = this.fullWeight * free * this.warmUp.share(nowMs)
  }
}

/** @throws RangeError for a weight that is not above 0. */
export function checkWeight(id: string, weight: number): void {
  if (weight > 0 && weight < Number.POSITIVE_INFINITY) return
  throw new RangeError(`backend ${id} has weight ${weight}: above 0 wanted`)
}

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 0 && port <= 65_535
