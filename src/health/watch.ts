import { longestTimerMs } from '../base/clock.ts'
import { type Log, silent } from '../base/log.ts'
import { jittered, type Random } from '../base/random.ts'
import type { Backend } from '../pool/backend.ts'
import type { Pool } from '../pool/pool.ts'
import type { Finding, Probe } from './probe.ts'
import { healthDefaults } from './spec.ts'

export interface WatchOptions {
  /** From the start of a probe of a backend to its next, give or take a tenth. */
  readonly intervalMs?: number
  /** The same while the backend's health may soon be another, if that is less. */
  readonly unsettledIntervalMs?: number
  readonly timeoutMs?: number
  readonly rise?: number
  readonly fall?: number
  /** How many probes run at a time. */
  readonly probesMax?: number
  /** How long `ready` waits for the first findings. */
  readonly readyTimeoutMs?: number
  readonly random?: Random
}

export interface Watch {
  /** When each backend has had its first report, or the time for that is over. */
  readonly ready: Promise<void>
  /** Ends the probes under way; nothing is reported any more. */
  close(): void
}

/** Of the pause between two probes: many balancers, and many backends, are not to ask at the same time. */
const jitterShare = 0.1

/** One backend, and when it is asked. */
interface Patient {
  readonly backend: Readonly<Backend>
  /** Ends the probe under way. One for each: a signal keeps what ever listened to it. */
  abort: AbortController
  isDismissed: boolean
  timer: NodeJS.Timeout | undefined
  startedMs: number
  isAsked: boolean
  ignored: string
}

/**
 * Asks each backend of `pool` again and again whether it is well, for as long as the pool has it, and
 * reports what it finds to the pool.
 *
 * A backend is never asked twice at a time, and nobody waits for an answer but `ready`, which alone keeps
 * the process alive.
 *
 * @throws RangeError for a time, a rise or a fall that cannot be.
 */
export function createWatch(
  pool: Pool,
  probe: Probe,
  options: WatchOptions = {},
  log: Log = silent,
): Watch {
  return new Loop(pool, probe, options, log)
}

class Loop implements Watch {
  readonly ready: Promise<void>
  readonly #pool: Pool
  readonly #probe: Probe
  readonly #options: Required<WatchOptions>
  readonly #log: Log
  readonly #patients = new Map<Readonly<Backend>, Patient>()
  /** Whose time has come, and who wait for a probe to end. */
  readonly #waiting = new Set<Patient>()
  /** Who have no report yet. */
  readonly #unheard = new Set<Patient>()
  readonly #stopListening: () => void
  readonly #readyTimer: NodeJS.Timeout
  #probes = 0
  #isReady = false
  #setReady: () => void = () => {}

  constructor(pool: Pool, probe: Probe, options: WatchOptions, log: Log) {
    this.#pool = pool
    this.#probe = probe
    this.#log = log
    const { intervalMs, timeoutMs, rise, fall } = healthDefaults
    const own = { unsettledIntervalMs: 500, probesMax: 64, readyTimeoutMs: 3_000 }
    const given = { intervalMs, timeoutMs, rise, fall, ...own, random: Math.random, ...options }
    check(given)
    this.#options = given
    this.ready = new Promise((resolve) => {
      this.#setReady = resolve
    })
    this.#readyTimer = setTimeout(() => this.#giveUpWaiting(), given.readyTimeoutMs)
    this.#stopListening = pool.onTransition(({ backend }) => {
      if (backend !== undefined) this.#follow(backend)
    })
    for (const backend of pool.backends) this.#admit(backend)
    this.#checkReady()
  }

  close(): void {
    this.#stopListening()
    for (const patient of this.#patients.values()) this.#dismiss(patient)
    this.#checkReady()
  }

  /** Something is different about a backend: it has come, or gone, or its work says something of it. */
  #follow(backend: Readonly<Backend>): void {
    const patient = this.#patients.get(backend)
    const isCurrent = this.#isCurrent(backend)
    if (patient === undefined && isCurrent) this.#admit(backend)
    else if (patient !== undefined && !isCurrent) this.#dismiss(patient)
    // That is to be seen into soon.
    else if (backend.isUnsettled) this.#schedule(backend)
    this.#checkReady()
  }

  #admit(backend: Readonly<Backend>): void {
    const patient: Patient = {
      backend,
      abort: new AbortController(),
      isDismissed: false,
      timer: undefined,
      startedMs: 0,
      isAsked: false,
      ignored: '',
    }
    this.#patients.set(backend, patient)
    this.#unheard.add(patient)
    this.#come(patient)
  }

  #dismiss(patient: Patient): void {
    this.#patients.delete(patient.backend)
    this.#waiting.delete(patient)
    this.#unheard.delete(patient)
    clearTimeout(patient.timer)
    patient.isDismissed = true
    patient.abort.abort()
  }

  /** Whether the pool still has it: one that was removed is told of only when its work is done. */
  #isCurrent(backend: Readonly<Backend>): boolean {
    return this.#pool.get(backend.id) === backend
  }

  #come(patient: Patient): void {
    patient.timer = undefined
    this.#waiting.add(patient)
    this.#callNext()
  }

  #callNext(): void {
    for (const patient of this.#waiting) {
      if (this.#probes >= this.#options.probesMax) return
      this.#waiting.delete(patient)
      if (this.#isCurrent(patient.backend)) void this.#ask(patient)
      else this.#dismiss(patient)
    }
  }

  async #ask(patient: Patient): Promise<void> {
    this.#probes++
    patient.isAsked = true
    patient.startedMs = performance.now()
    patient.abort = new AbortController()
    const finding = await this.#find(patient.backend, patient.abort.signal)
    this.#probes--
    patient.isAsked = false
    if (!patient.isDismissed) this.#take(patient, finding)
    this.#callNext()
  }

  /** A probe of somebody else's may break its promise never to throw. */
  async #find(backend: Readonly<Backend>, signal: AbortSignal): Promise<Finding | undefined> {
    try {
      return await this.#probe(backend.address, this.#options.timeoutMs, signal)
    } catch (error) {
      return { isWell: false, reason: String(error), hasAnswered: false }
    }
  }

  #take(patient: Patient, finding: Finding | undefined): void {
    const { intervalMs, random } = this.#options
    const isFirst = finding !== undefined && this.#unheard.delete(patient)
    if (finding !== undefined) {
      this.#pool.report(patient.backend, finding, this.#options)
      this.#tellIgnored(patient, finding.ignored ?? '')
    }
    // Whoever hears of what the report changed may have closed this.
    if (patient.isDismissed) return
    // All are asked at once in the beginning; from then on they are spread over the interval.
    if (isFirst && !patient.backend.isUnsettled) this.#wait(patient, intervalMs * random())
    else this.#schedule(patient.backend)
    this.#checkReady()
  }

  /** Asks it after the pause that its health now wants, counted from the start of its last probe. */
  #schedule(backend: Readonly<Backend>): void {
    const patient = this.#patients.get(backend)
    if (patient === undefined || patient.isAsked || this.#waiting.has(patient)) return
    const { intervalMs, unsettledIntervalMs, random } = this.#options
    const isClose = backend.isUnsettled || this.#unheard.has(patient)
    const pauseMs = isClose ? Math.min(intervalMs, unsettledIntervalMs) : intervalMs
    this.#wait(
      patient,
      patient.startedMs + jittered(pauseMs, jitterShare, random) - performance.now(),
    )
  }

  #wait(patient: Patient, ms: number): void {
    clearTimeout(patient.timer)
    patient.timer = setTimeout(() => this.#come(patient), Math.max(0, ms)).unref()
  }

  #tellIgnored(patient: Patient, ignored: string): void {
    if (ignored === patient.ignored) return
    patient.ignored = ignored
    if (ignored === '') return
    const { id } = patient.backend
    this.#log.warn('health_ignored', `backend ${id} says what makes no sense: ${ignored}`, {
      backend: id,
      reason: ignored,
    })
  }

  #checkReady(): void {
    if (!this.#isReady && this.#unheard.size === 0) this.#becomeReady()
  }

  #giveUpWaiting(): void {
    const backends = [...this.#unheard].map(({ backend }) => backend.id)
    const which = `${backends.length} of ${this.#patients.size} backends`
    const sentence = `${which} have not ended their first probe: serving anyway`
    this.#log.warn('health_slow', sentence, { backends })
    this.#becomeReady()
  }

  #becomeReady(): void {
    this.#isReady = true
    clearTimeout(this.#readyTimer)
    this.#setReady()
  }
}

function check(options: Required<WatchOptions>): void {
  const { intervalMs, unsettledIntervalMs, timeoutMs, rise, fall, probesMax } = options
  for (const [name, ms] of Object.entries({ intervalMs, unsettledIntervalMs, timeoutMs })) {
    if (!(ms > 0 && ms <= longestTimerMs)) throw new RangeError(`${name} is ${ms}: above 0 wanted`)
  }
  for (const [name, count] of Object.entries({ rise, fall, probesMax })) {
    if (!(Number.isInteger(count) && count > 0)) {
      throw new RangeError(`${name} is ${count}: a whole number from 1 wanted`)
    }
  }
}
