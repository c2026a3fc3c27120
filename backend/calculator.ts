import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'
import { piDigits } from '../src/base/pi.ts'
import { createTurns } from './turns.ts'

export interface CalculatorOptions {
  /** How many computations run at once, each on a thread of its own. The default is one for each core. */
  readonly threads?: number
  /** How many requests may wait for a thread. */
  readonly queueLimit?: number
  /** Keep the longest result, and cut shorter ones from it. */
  readonly cache?: boolean
}

export interface Calculator {
  readonly threads: number
  readonly queueLimit: number
  /** Threads at work. */
  readonly computing: number
  /** Requests that wait for a thread. */
  readonly queued: number
  /**
   * π with that many digits after the point; undefined when the queue is full.
   * @throws the reason of `signal`: then the computation has been stopped, or dropped from the queue.
   */
  pi(digits: number, signal: AbortSignal): Promise<string | undefined>
  /** Ends the threads, also those at work. */
  close(): Promise<void>
}

/** Up to here computing takes less than a millisecond, and a thread would cost more than it saves. */
const inlineDigits = 4_000
/** After this an idle thread is ended. */
const threadIdleMs = 10_000

// The same file, as it lies in the sources (run with tsx) or in the build.
const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const workerFile = fileURLToPath(new URL(`./worker.${suffix}`, import.meta.url))

/** Computes π off the event loop, on few threads, and only for as long as somebody waits for it. */
export function createCalculator(options: CalculatorOptions = {}): Calculator {
  const { threads = Math.max(1, availableParallelism()), queueLimit = 256, cache = false } = options
  const pool = new Piscina<number, string>({
    filename: workerFile,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: threadIdleMs,
    recordTiming: false,
  })
  pool.on('error', () => {}) // An idle thread died: the next computation gets a new one.
  // Piscina's own queue neither limits tasks that have a signal, nor starts a thread for those left in
  // it when an aborted one has taken its thread along. So it is handed only what it can start at once.
  const turns = createTurns(threads, queueLimit)
  let longest = '3.'

  async function pi(digits: number, signal: AbortSignal): Promise<string | undefined> {
    if (digits > 0 && digits <= longest.length - 2) return longest.slice(0, digits + 2)
    const found = digits <= inlineDigits ? piDigits(digits) : await onThread(digits, signal)
    if (cache && found !== undefined && found.length > longest.length) longest = found
    return found
  }

  async function onThread(digits: number, signal: AbortSignal): Promise<string | undefined> {
    if (!(await turns.take(signal))) return undefined
    let before: readonly Thread[] = []
    const remember = () => {
      before = pool.threads
    }
    signal.addEventListener('abort', remember, { once: true }) // Before Piscina does, which ends the thread.
    try {
      return await pool.run(digits, { signal })
    } finally {
      signal.removeEventListener('abort', remember)
      // Its seat is free when the thread really is gone, so that never more than `threads` compute.
      await Promise.all(before.filter((thread) => !pool.threads.includes(thread)).map(ended))
      turns.give()
    }
  }

  return {
    threads,
    queueLimit,
    get computing() {
      return turns.taken
    },
    get queued() {
      return turns.queued
    },
    pi,
    close: () => pool.destroy(),
  }
}

type Thread = Piscina['threads'][number]

async function ended(thread: Thread): Promise<void> {
  if (thread.threadId !== -1) await once(thread, 'exit')
}
