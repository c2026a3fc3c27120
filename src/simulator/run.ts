import type { Backend } from '../pool/backend.ts'
import type { Lease } from '../pool/lease.ts'
import { Pool } from '../pool/pool.ts'
import type { Strategy } from '../pool/strategy.ts'
import type { StrategyContext } from '../strategies/index.ts'
import { Agenda, type Alarm } from './agenda.ts'
import { createDraws, stream } from './draws.ts'
import { type Failure, Meter } from './meter.ts'
import type { StrategyReport } from './report.ts'
import { Station, type StationJob } from './station.ts'
import {
  type Arrivals,
  backendsOf,
  type Request,
  requestsDefault,
  requestsLimit,
  type Workload,
} from './workload.ts'

/** Makes a strategy; a new one for each balancer. */
export type StrategyMaker = (context: StrategyContext) => Strategy

/** A request on its way. */
interface Job extends StationJob, Request {
  lease: Lease
  station: Station
  /** When the backend was picked. */
  sentMs: number
  /** What will end it, while it is at no station. */
  pending: Alarm | undefined
  timeout: Alarm | undefined
  done: () => void
}

const nothing = (): void => {}

/** More are never under way: what comes then is refused, as a balancer refuses it, long before. */
const heldMax = 100_000

/** One strategy against one workload, in virtual time, with the real pool. */
export class Run {
  readonly #workload: Workload
  readonly #strategy: string
  readonly #seed: number
  readonly #agenda = new Agenda()
  readonly #pools: readonly Pool[]
  readonly #stations: ReadonlyMap<string, Station>
  readonly #meter: Meter
  readonly #luck: () => number
  #came = 0
  #held = 0

  constructor(workload: Workload, make: StrategyMaker, seed: number) {
    const models = backendsOf(workload)
    const agenda = this.#agenda
    const now = (): number => agenda.nowMs
    const specs = models.map(({ host, port, weight }) => ({ address: { host, port }, weight }))
    const strategies = Array.from({ length: workload.balancers ?? 1 }, (_, index) =>
      make({ now, random: stream(seed, 100 + index) }),
    )
    const stations = models.map((model) => new Station(model, agenda, (job) => this.#worked(job)))
    this.#workload = workload
    this.#seed = seed
    this.#luck = stream(seed, 4)
    this.#strategy = strategies[0]!.name
    const ejects = workload.ejection ?? true
    this.#pools = strategies.map((strategy, index) => {
      return new Pool(specs, strategy, { now, random: stream(seed, 20_000 + index), ejects })
    })
    this.#stations = new Map(stations.map((station) => [idOf(station), station]))
    this.#meter = new Meter(stations, workload.warmUpMs ?? 0, workload.arrivals.kind !== 'closed')
    for (const station of stations) {
      station.onOutage = (jobs) => {
        for (const job of jobs) this.#fail(job as Job, 'lost')
      }
    }
    if (workload.warmUpMs) agenda.after(workload.warmUpMs, () => this.#meter.begin(now()))
  }

  /** How many requests have come. */
  get came(): number {
    return this.#came
  }

  /** A request comes, not before the one that came last. */
  arrive(request: Request): void {
    this.#agenda.advance(request.atMs)
    this.#accept(request, nothing)
  }

  /** Plays clients that ask again after each answer. `tell` hears every now and then how many asked. */
  play(
    arrivals: Extract<Arrivals, { kind: 'closed' }>,
    tell: (came: number, nowMs: number) => void,
  ): void {
    const { durationMs = Number.POSITIVE_INFINITY } = this.#workload
    const requests = requestsOf(this.#workload)
    const draws = createDraws(this.#workload, this.#seed)
    const ask = (): void => {
      const { nowMs } = this.#agenda
      if (this.#came >= requests || nowMs >= durationMs) return
      const failedBefore = this.#meter.failures
      const again = (): void => {
        // Who is turned away at once does not ask again at the same moment for ever.
        const leastMs = this.#meter.failures > failedBefore ? 1 : 0
        this.#agenda.after(Math.max(draws.pauseMs(arrivals.thinkMs), leastMs), ask)
      }
      this.#accept(draws.request(nowMs), again)
      if (this.#came % 1_024 === 0) tell(this.#came, nowMs)
      if (this.#came >= requests) this.#meter.freeze(nowMs)
    }
    for (let client = 0; client < arrivals.clients; client++) {
      this.#agenda.after(draws.pauseMs(arrivals.thinkMs), ask)
    }
    if (durationMs !== Number.POSITIVE_INFINITY) {
      this.#agenda.after(durationMs, () => this.#meter.freeze(durationMs))
    }
    this.#agenda.advance(Number.POSITIVE_INFINITY)
    this.#meter.freeze(this.#agenda.nowMs)
  }

  /** No more requests: what is under way ends. */
  end(): void {
    if (this.#agenda.nowMs > 0) this.#meter.freeze(this.#agenda.nowMs)
    this.#agenda.advance(Number.POSITIVE_INFINITY)
    this.#meter.freeze(this.#agenda.nowMs)
  }

  report(): StrategyReport {
    return this.#meter.report(this.#strategy)
  }

  get offeredLoad(): number {
    return this.#meter.offeredLoad()
  }

  get elapsedMs(): number {
    return this.#meter.elapsedMs
  }

  #accept(request: Request, done: () => void): void {
    this.#came++
    this.#meter.arrived(request.atMs, request.workMs)
    if (this.#held >= heldMax) {
      this.#meter.failed('refused', request.atMs)
      return done()
    }
    this.#dispatch(request, [], done)
  }

  /** Asks a pool for a backend, and another time when that one refuses the connection. */
  #dispatch(request: Request, tried: readonly Readonly<Backend>[], done: () => void): void {
    const { nowMs } = this.#agenda
    const pool = this.#pools[Math.floor(request.balancer * this.#pools.length)]!
    const lease = pool.lease(request.key, tried)
    const station = lease && this.#stations.get(lease.backend.id)!
    if (lease === undefined || station === undefined) {
      this.#meter.failed('refused', request.atMs)
      return done()
    }
    if (!station.isOut) {
      this.#meter.given(station, request.key, nowMs)
      return this.#give({ ...newJob(request, lease, station), done, sentMs: nowMs })
    }
    lease.release('failed', undefined, 'connection refused')
    if (tried.length >= (this.#workload.retriesMax ?? 2)) {
      this.#meter.failed('refused', request.atMs, station)
      return done()
    }
    this.#meter.retried(nowMs)
    this.#dispatch(request, [...tried, lease.backend], done)
  }

  #give(job: Job): void {
    const { timeoutMs } = this.#workload
    const { failures, latencyMs } = job.station.model
    this.#held++
    if (timeoutMs !== undefined) {
      job.timeout = this.#agenda.after(timeoutMs, () => this.#giveUp(job))
    }
    if (failures.share > 0 && this.#luck() < failures.share) {
      const fail = (): void => this.#fail(job, 'failed')
      job.pending = this.#agenda.after(failures.afterMs + latencyMs, fail)
    } else job.station.add(job)
  }

  #worked(stationJob: StationJob): void {
    const job = stationJob as Job
    const { latencyMs } = job.station.model
    if (latencyMs === 0) this.#succeed(job)
    else job.pending = this.#agenda.after(latencyMs, () => this.#succeed(job))
  }

  #succeed(job: Job): void {
    const { nowMs } = this.#agenda
    job.lease.connected()
    job.lease.answered(nowMs - job.sentMs)
    job.lease.release('ok')
    this.#meter.succeeded(job.station, job.atMs, nowMs, job.workMs)
    this.#finish(job)
  }

  #fail(job: Job, how: Failure): void {
    job.lease.connected()
    if (how === 'failed') job.lease.answered(this.#agenda.nowMs - job.sentMs, true)
    job.lease.release('failed', undefined, how)
    this.#meter.failed(how, job.atMs, job.station)
    this.#finish(job)
  }

  #giveUp(job: Job): void {
    if (job.pending !== undefined) this.#agenda.delete(job.pending)
    else job.station.remove(job)
    job.lease.release('failed', undefined, 'no answer in time')
    this.#meter.failed('timedOut', job.atMs, job.station)
    this.#finish(job)
  }

  #finish(job: Job): void {
    this.#held--
    if (job.timeout !== undefined) this.#agenda.delete(job.timeout)
    job.done()
  }
}

export function requestsOf({ requests, durationMs }: Workload): number {
  return requests ?? (durationMs === undefined ? requestsDefault : requestsLimit)
}

const idOf = ({ model }: Station): string => `${model.host}:${model.port}`

function newJob(request: Request, lease: Lease, station: Station): Job {
  const { atMs, workMs, key, balancer } = request
  const dueNever = { due: 0, serial: 0, place: -1 }
  const open = { pending: undefined, timeout: undefined, done: nothing, sentMs: atMs }
  return { atMs, workMs, key, balancer, lease, station, ...dueNever, ...open }
}
