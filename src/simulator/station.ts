import { type Agenda, Alarm } from './agenda.ts'
import { type Due, Heap } from './heap.ts'
import { Tally } from './tally.ts'
import { WaitingLine } from './waiting-line.ts'
import type { BackendModel } from './workload.ts'

/** Work at a station: `due` is when it ends on the station's own clock. */
export interface StationJob extends Due {
  /** What it takes at speed 1, alone. */
  readonly workMs: number
}

/**
 * A model of a backend: servers that work, and a line of requests that wait for one.
 *
 * Both disciplines are one: the requests at work all progress at the same rate, so a clock that runs at this
 * rate tells when each ends, however often the rate changes. In order of arrival, as many are at work as
 * there are servers; with sharing, all are, and the rate falls.
 */
export class Station {
  readonly model: BackendModel
  readonly tally: Tally = new Tally()
  isOut = false
  readonly #agenda: Agenda
  readonly #complete: (job: StationJob) => void
  readonly #next = new Alarm(() => this.#end())
  readonly #atWork = new Heap<StationJob>()
  readonly #line = new WaitingLine<StationJob>()
  readonly #atWorkMax: number
  #speed: number
  #rate = 0
  #clockMs = 0
  #readMs = 0

  constructor(model: BackendModel, agenda: Agenda, complete: (job: StationJob) => void) {
    this.model = model
    this.#agenda = agenda
    this.#complete = complete
    this.#speed = model.speed
    this.#atWorkMax = model.discipline === 'fifo' ? model.servers : Number.POSITIVE_INFINITY
    this.#plan()
    for (const { fromMs, toMs } of model.outages) {
      agenda.after(fromMs, () => this.#open(false))
      agenda.after(toMs, () => this.#open(true))
    }
    for (const { fromMs, toMs, speed } of model.slowDowns) {
      agenda.after(fromMs, () => this.#turn(speed))
      agenda.after(toMs, () => this.#turn(model.speed))
    }
  }

  add(job: StationJob): void {
    this.#read()
    this.#line.add(job)
    this.#plan()
  }

  /** The work is wanted no longer. */
  remove(job: StationJob): void {
    this.#read()
    if (job.place === -1) this.#line.leave(job)
    else this.#atWork.delete(job)
    this.#plan()
  }

  /** Takes out everything: it is lost. */
  empty(): StationJob[] {
    this.#read()
    const jobs: StationJob[] = []
    for (let job = this.#atWork.first; job !== undefined; job = this.#atWork.first) {
      this.#atWork.delete(job)
      jobs.push(job)
    }
    for (let job = this.#line.take(); job !== undefined; job = this.#line.take()) jobs.push(job)
    this.#plan()
    return jobs
  }

  /** Hears what is lost when an outage begins. */
  onOutage: (jobs: StationJob[]) => void = () => {}

  #open(isOpen: boolean): void {
    this.isOut = !isOpen
    this.tally.opened(this.#agenda.nowMs, isOpen)
    const lost = this.empty()
    if (!isOpen) this.onOutage(lost)
  }

  #turn(speed: number): void {
    this.#read()
    this.#speed = speed
    this.#plan()
  }

  /** Brings the clock to now, at the rate it had. */
  #read(): void {
    const { nowMs } = this.#agenda
    this.#clockMs += (nowMs - this.#readMs) * this.#rate
    this.#readMs = nowMs
  }

  /** Puts to work what may be, and says when the first of it ends. */
  #plan(): void {
    while (this.#line.size > 0 && this.#atWork.size < this.#atWorkMax) {
      const job = this.#line.take()!
      this.#atWork.set(job, this.#clockMs + job.workMs)
    }
    const { servers } = this.model
    const { size } = this.#atWork
    const { nowMs } = this.#agenda
    this.#rate = this.#speed * Math.min(1, servers / Math.max(size, 1))
    const first = this.#atWork.first
    const leftMs = first === undefined ? 0 : Math.max(first.due - this.#clockMs, 0)
    const isStill = first === undefined || this.#rate === 0
    this.#agenda.set(this.#next, isStill ? Number.POSITIVE_INFINITY : nowMs + leftMs / this.#rate)
    const power = this.isOut ? 0 : this.#speed * servers
    this.tally.change(nowMs, size + this.#line.size, Math.min(size, servers) / servers, power)
  }

  #end(): void {
    this.#read()
    const job = this.#atWork.first!
    // It is due now: what rounding left of it is nothing.
    this.#clockMs = job.due
    this.#atWork.delete(job)
    this.#plan()
    this.#complete(job)
  }
}
