import { type Fault, faultCodes, type Result, type Task } from './protocol.ts'
import { calculate } from './tasks.ts'
import type { Threads } from './threads.ts'
import type { Health } from './worker-request.ts'

/** Who gives up a task that is under way: nobody waits for its answer any more. */
export type Cancel = () => void

/** Longer tasks are for a thread: to hand one over and back costs about a tenth of this. */
export const inlineMaxMs = 1
/** A busy event loop slows work down and refuses none, so it never says that it is too busy for any. */
const utilizationMost = 0.95
const sampleMs = 500

/** What the clients of a worker share: who does their tasks, and how much there is to do. */
export class WorkerService {
  /** How it calls itself in its answers. */
  name = ''
  isDraining = false
  /** Tasks that are not answered yet. */
  active = 0
  readonly answers: { ok: number; failed: number } = { ok: 0, failed: 0 }
  readonly threads: Threads
  /** So many tasks may sleep at a time. */
  readonly #sleepersMax: number
  #sleepers = 0
  readonly #utilization = watchUtilization()

  constructor(threads: Threads, sleepersMax: number) {
    this.threads = threads
    this.#sleepersMax = sleepersMax
  }

  /**
   * Does a short task at once, and has a long one done.
   *
   * @returns what came of it; or how to give it up, and then `done` is called once, later.
   */
  take(task: Task, ms: number, done: (answer: Result | Fault) => void): Result | Fault | Cancel {
    if (task.method === 'sleep') return this.#sleep(task, done)
    if (ms <= inlineMaxMs) return calculate(task)
    const job = { task, done: (result: Result | undefined) => done(result ?? threadDied) }
    const { busy, queued } = this.threads
    if (this.threads.take(job)) return () => this.threads.drop(job)
    return overloaded(`${busy} tasks are worked on and ${queued} wait, the most that may`)
  }

  health(): Health {
    const { active, isDraining: draining } = this
    const busy = Math.min(this.#utilization(), utilizationMost)
    const most = Math.max(busy, this.threads.fullness, this.#sleepers / this.#sleepersMax)
    // Down: almost too busy is not too busy.
    return { status: 'ok', load: Math.floor(most * 1_000) / 1_000, active, draining }
  }

  #sleep(task: Task, done: (answer: Result) => void): Fault | Cancel {
    if (this.#sleepers >= this.#sleepersMax) {
      return overloaded(`${this.#sleepers} tasks sleep, the most that may`)
    }
    this.#sleepers++
    const timer = setTimeout(() => {
      this.#sleepers--
      done(calculate(task))
    }, Number(task.params[0]))
    return () => {
      clearTimeout(timer)
      this.#sleepers--
    }
  }
}

const threadDied: Fault = { code: faultCodes.internal, message: 'the thread that had it has died' }

const overloaded = (why: string): Fault => ({
  code: faultCodes.overloaded,
  message: `overloaded: ${why}`,
})

/** Which share of the last half second or more the event loop was at work; looks when it is asked. */
function watchUtilization(): () => number {
  let older = performance.eventLoopUtilization()
  let newer = older
  let sampledMs = performance.now()
  return () => {
    if (performance.now() - sampledMs >= sampleMs) {
      older = newer
      newer = performance.eventLoopUtilization()
      sampledMs = performance.now()
    }
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, older)
    return Number.isFinite(utilization) ? utilization : 0
  }
}
