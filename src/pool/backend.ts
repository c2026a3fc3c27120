import { type Address, formatAddress } from '../base/address.ts'
import { ewma } from '../base/ewma.ts'
import { Histogram } from '../base/histogram.ts'
import { Answers } from './answers.ts'
import { Outlier } from './outlier.ts'
import { Probed } from './probed.ts'
import type { Report } from './report.ts'
import type { Candidate } from './strategy.ts'
import { Verdict } from './verdict.ts'
import { WarmUp } from './warm-up.ts'

/** What discovery tells of a backend. */
export interface BackendSpec {
  readonly address: Address
  /** How much of the work it should get, beside the others; from 0.000001 to 1,000,000, 1 by default. */
  readonly weight?: number
  /** How many leases it holds at the most; 0 is no limit. The pool's own limit by default. */
  readonly maxConnections?: number
  /** It finishes what it has and gets no more. */
  readonly isDraining?: boolean
}

/** A spec that leaves nothing open but what the pool says for all. */
export type WholeSpec = BackendSpec & Required<Pick<BackendSpec, 'weight' | 'isDraining'>>

/** Whether it may take work, and if not why: in a word. `trial` is one lease, to see if it is back. */
export type Health = 'up' | 'down' | 'ejected' | 'trial' | 'overloaded' | 'draining' | 'unknown'

/** One response time in ten is news enough to follow a change, and slow enough not to follow noise. */
const sampleShare = 0.1
/** What was measured this long ago counts half against a new response time, however few there were. */
const memoryHalfLifeMs = 10_000
/** Samples closer than this count `sampleShare`; later ones count more, by what was forgotten. */
const manyWithinMs = -memoryHalfLifeMs * Math.log2(1 - sampleShare)
/** The peak average forgets to e⁻¹ in this time. */
const peakDecayMs = 10_000
/** Weights follow a reported load in steps, for strategies that keep tables. */
const loadSteps = 20

/** A server that can do the work. Only the pool writes here; everyone else holds it `Readonly`. */
export class Backend implements Candidate {
  readonly id: string
  readonly address: Address
  /** What discovery told of it last. */
  spec: WholeSpec
  weight = 1
  fullWeight = 1
  /** 0 is no limit. */
  maxConnections = 0
  readonly verdict: Verdict = new Verdict()
  readonly probed: Probed = new Probed()
  readonly outlier: Outlier = new Outlier()
  readonly warmUp: WarmUp
  readonly responseTimes: Histogram = new Histogram()
  /** Those that went to clients, where answers have a status. */
  readonly answers: Answers = new Answers()
  /** An operator, or discovery, lets it finish. */
  isAskedToDrain = false
  /** It says itself that it will end. */
  saysItDrains = false
  /** That it drains was told, and that it is done was not. */
  isFinishing = false
  /** No longer in the pool, but with work to finish. */
  isRemoved = false
  /** Nobody has given it work yet, although the process had been running: it must warm up first. */
  isNew = false
  /** What the last transition told of it. */
  told: 'up' | 'down' | 'ejected' | 'draining' = 'up'
  health: Health = 'up'
  healthSinceMs = 0
  /** How busy it says it is, from 0; 1 and above is too busy for any more work. */
  load = 0
  active = 0
  /** The most that it held at a time. */
  activePeak = 0
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
  #weighedFull = 0

  /** @throws RangeError for a weight or limit out of range, or a port that is none. */
  constructor(spec: BackendSpec, slowStartMs = 0) {
    this.spec = complete(spec)
    checkSpec(this.spec)
    const { address, weight, maxConnections = 0, isDraining } = this.spec
    this.address = address
    this.id = formatAddress(address)
    this.weight = weight
    this.fullWeight = weight
    this.maxConnections = maxConnections
    this.isAskedToDrain = isDraining
    this.warmUp = new WarmUp(slowStartMs)
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
    if (state === 'down') return successes > 0
    return failures > 0 || this.verdict.standing !== 'up'
  }

  /** Takes a response time into the averages and the histogram. */
  measure(responseTimeMs: number, nowMs: number, isError: boolean): void {
    const sinceMs = nowMs - this.#measuredAtMs
    this.#measuredAtMs = nowMs
    this.responseTimes.record(responseTimeMs)
    const share = shareOf(sinceMs)
    if (isError) this.errors++
    if (isError || this.errorShare > 0) {
      this.errorShare = ewma(this.errorShare, isError ? 1 : 0, share)
    }
    const average = this.responseTimeMs
    // An error may be quick: it must not make its backend look fast.
    const ms = isError ? Math.max(responseTimeMs, average) : responseTimeMs
    this.responseTimeMs = average === 0 ? ms : ewma(average, ms, share)
    const peak = this.peakResponseTimeMs
    this.peakResponseTimeMs = ms > peak ? ms : ewma(ms, peak, Math.exp(-sinceMs / peakDecayMs))
  }

  /** Work that failed without an answer. */
  failUnanswered(): void {
    this.errorShare = ewma(this.errorShare, 1, sampleShare)
  }

  /**
   * Probes begin, or end. What has worked without them is not unknown; and nothing that they found out
   * stays when no other probe can find that it is over.
   */
  meetProbes(isProbed: boolean): void {
    this.probed.begin(isProbed ? 'up' : 'unknown')
    this.hear({})
  }

  /** Takes what it says of itself; a load that is none says nothing. */
  hear({ load = 0, isDraining = false }: Pick<Report, 'load' | 'isDraining'>): void {
    this.load = load > 0 ? load : 0
    this.saysItDrains = isDraining
  }

  /**
   * Finds what the strategies see of its weight: less while it warms up, or is loaded.
   *
   * @returns whether that, or its full weight, is another than before.
   */
  weigh(nowMs: number): boolean {
    const [weight, fullWeight] = [this.weight, this.#weighedFull]
    const free = Math.max(1, Math.round((1 - Math.min(this.load, 1)) * loadSteps)) / loadSteps
    const share = free * this.warmUp.share(nowMs)
    this.weight = Math.max(this.fullWeight * share, Number.MIN_VALUE)
    this.#weighedFull = this.fullWeight
    return this.weight !== weight || this.fullWeight !== fullWeight
  }
}

export function complete(spec: BackendSpec): WholeSpec {
  return { ...spec, weight: spec.weight ?? 1, isDraining: spec.isDraining ?? false }
}

/** @throws RangeError for a weight or limit out of range, or a port that is none. */
export function checkSpec({ address, weight, maxConnections = 0 }: WholeSpec): void {
  const id = formatAddress(address)
  checkWeight(id, weight)
  if (!(Number.isInteger(maxConnections) && maxConnections >= 0)) {
    throw new RangeError(
      `backend ${id} has maxConnections ${maxConnections}: a whole number from 0 wanted`,
    )
  }
  // Node would throw at the first dial, where nobody expects it.
  if ('port' in address && !isPort(address.port)) {
    throw new RangeError(`backend ${id} has port ${address.port}: 0 to 65535 wanted`)
  }
}

/** Sums and ratios of weights beyond these would be no numbers any more. */
export const weightMin = 0.000_001
export const weightMax = 1_000_000

export const isWeight = (weight: number): boolean => weight >= weightMin && weight <= weightMax

/** @throws RangeError for a weight out of range. */
export function checkWeight(id: string, weight: number): void {
  if (isWeight(weight)) return
  throw new RangeError(`backend ${id} has weight ${weight}: 0.000001 to ${weightMax} wanted`)
}

const isPort = (port: number): boolean => Number.isInteger(port) && port >= 0 && port <= 65_535

/** How much a sample counts, this long after the one before. */
function shareOf(sinceMs: number): number {
  return sinceMs < manyWithinMs ? sampleShare : 1 - 2 ** (-sinceMs / memoryHalfLifeMs)
}
