import { PilotiError } from '../base/errors.ts'
import type { Backend } from './backend.ts'
import type { Lease } from './lease.ts'
import type { Pool } from './pool.ts'

export interface AttemptOptions {
  /** How many more backends are tried after the first one fails. */
  readonly retriesMax?: number
  /** Hears of each failure after which another backend is tried. */
  readonly onRetry?: (error: PilotiError) => void
}

/**
 * Leases a backend and does `work` with it; on a failure that allows it, tries another one.
 *
 * The leases of failed tries are released here. The one of the try that succeeded belongs to the caller.
 *
 * @throws PilotiError NO_BACKEND when no backend may take work, or what the last try failed with.
 */
export async function attempt<T>(
  pool: Pool,
  key: string,
  work: (lease: Lease) => Promise<T>,
  options: AttemptOptions = {},
): Promise<T> {
  const { retriesMax = 2, onRetry = () => {} } = options
  const tried: Readonly<Backend>[] = []
  let last: PilotiError | undefined
  for (;;) {
    const lease = pool.lease(key, tried)
    if (lease === undefined) throw last ?? new PilotiError('NO_BACKEND', 'no backend may take work')
    try {
      return await work(lease)
    } catch (cause) {
      if (!(cause instanceof PilotiError)) {
        lease.release('aborted')
        throw cause
      }
      const { side, retry } = cause.kind
      lease.release(side === 'backend' ? 'failed' : 'aborted', undefined, cause.message)
      if (!retry || tried.length >= retriesMax) throw cause
      tried.push(lease.backend)
      last = cause
      onRetry(cause)
    }
  }
}
