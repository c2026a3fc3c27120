import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import type { Result, Task } from './protocol.ts'

/** A task that waits for a thread, or has one. */
export interface Job {
  readonly task: Task
  /** Called once, unless the job was dropped before; `undefined` when its thread has died. */
  done(result: Result | undefined): void
}

/** After this an idle thread is ended. */
const threadIdleMs = 10_000

// The same file, as it lies in the sources (run with tsx) or in the build.
const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const threadFile = fileURLToPath(new URL(`./thread.${suffix}`, import.meta.url))

/**
 * Does long tasks on few threads, first come, first served.
 *
 * The queue is not Piscina's, whose tasks can only be taken out of it by ending a thread.
 */
export class Threads {
  readonly most: number
  readonly queueLimit: number
  readonly #pool: Piscina<Task, Result>
  readonly #waiting = new Set<Job>() // Ordered, and whoever gives up leaves in O(1).
  #busy = 0

  constructor(most: number = Math.max(1, availableParallelism()), queueLimit: number = 256) {
    this.most = most
    this.queueLimit = queueLimit
    this.#pool = new Piscina<Task, Result>({
      filename: threadFile,
      minThreads: 0,
      maxThreads: most,
      idleTimeout: threadIdleMs,
      recordTiming: false,
    })
    this.#pool.on('error', () => {}) // An idle thread died: the next task gets a new one.
  }

  /** Threads at work. */
  get busy(): number {
    return this.#busy
  }

  /** Tasks that wait for one. */
  get queued(): number {
    return this.#waiting.size
  }

  /** How full it is: the threads are the first half, the queue is the second; at 1 nothing more is taken. */
  get fullness(): number {
    const busy = this.#busy / this.most
    return this.queueLimit === 0 ? busy : (busy + this.queued / this.queueLimit) / 2
  }

  /** @returns false when the queue is full. */
  take(job: Job): boolean {
    if (this.#busy < this.most) this.#start(job)
    else if (this.#waiting.size < this.queueLimit) this.#waiting.add(job)
    else return false
    return true
  }

  /** Takes a job out of the queue. One that has a thread goes on: no task is long enough to end a thread. */
  drop(job: Job): void {
    this.#waiting.delete(job)
  }

  /** Ends the threads, also those at work. */
  close(): Promise<void> {
    this.#waiting.clear()
    return this.#pool.destroy()
  }

  #start(job: Job): void {
    this.#busy++
    this.#pool.run(job.task).then(
      (result) => this.#end(job, result),
      () => this.#end(job, undefined),
    )
  }

  #end(job: Job, result: Result | undefined): void {
    this.#busy--
    const [next] = this.#waiting
    if (next !== undefined) {
      this.#waiting.delete(next)
      this.#start(next)
    }
    job.done(result)
  }
}
