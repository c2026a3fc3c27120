import { PilotiError } from '../base/errors.ts'
import type { Backend } from './backend.ts'
import type { Lease } from './lease.ts'
import type { Pool } from './pool.ts'
import type { Waiter } from './queue.ts'

export interface AttemptOptions {
  /** How many more backends are tried after the first one fails. */
  readonly retriesMax?: number
  /** Hears of each failure after which another backend is tried. */
  readonly onRetry?: (error: PilotiError) => void
}

/** What `attemptEach` takes besides. */
export interface EachOptions extends AttemptOptions {
  /**
   * Hears that all backends are full and the work waits in line, and how to leave that; whoever leaves hears
   * nothing more. The pool owns no timer: this keeps to its `queueTimeoutMs`. Without it nothing waits.
   */
  readonly onWait?: (leave: () => void) => void
}

/** Work that tells by a call that it could not be done. */
export type Work = (lease: Lease, fail: (error: PilotiError) => void) => void

/**
 * Leases a backend and does `work` with it; on a failure that allows it, tries another one.
 *
 * The leases of failed tries are released here. The one of the try that succeeded belongs to the caller.
 *
 * @throws PilotiError NO_BACKEND or BACKENDS_FULL when no backend may take work, or what the last try failed with.
 */
export function attempt<T>(
  pool: Pool,
  key: string,
  work: (lease: Lease) => Promise<T>,
  options: AttemptOptions = {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const promised: Work = (lease, fail) => {
      const started = async (): Promise<T> => work(lease)
      started().then(resolve, (error: unknown) => {
        if (error instanceof PilotiError) return fail(error)
        lease.release('aborted')
        reject(error)
      })
    }
    attemptEach(pool, key, promised, reject, options)
  })
}

/** The same without a promise, for what happens thousands of times a second: `giveUp` gets the error. */
export function attemptEach(
  pool: Pool,
  key: string,
  work: Work,
  giveUp: (error: PilotiError) => void,
  options: EachOptions = {},
): void {
  const { retriesMax = 2, onRetry, onWait } = options
  const tried: Readonly<Backend>[] = []
  let last: PilotiError | undefined
  const next = (): void => {
    const lease = pool.lease(key, tried)
    if (lease !== undefined) return use(lease)
    if (onWait !== undefined) {
      const waiter: Waiter = { key, tried, serve: use }
      if (pool.wait(waiter)) return onWait(() => pool.leave(waiter))
    }
    giveUp(last ?? shortage(pool))
  }
  const use = (lease: Lease): void =>
    work(lease, (error) => {
      const { side, retry } = error.kind
      lease.release(side === 'backend' ? 'failed' : 'aborted', undefined, error.message)
      if (!retry || tried.length >= retriesMax) return giveUp(error)
      tried.push(lease.backend)
      last = error
      onRetry?.(error)
      next()
    })
  next()
}

function shortage(pool: Pool): PilotiError {
  const isFull = pool.backends.some((backend) => backend.isFull)
  return new PilotiError(isFull ? 'BACKENDS_FULL' : 'NO_BACKEND', pool.why())
}
