import type { Log } from '../base/log.ts'
import type { Pool } from '../pool/pool.ts'

/** Tells the log of every change in a pool. @returns how to stop that. */
export function announce(pool: Pool, log: Log): () => void {
  return pool.onTransition(({ event, backend, reason }) => {
    const id = backend?.id ?? ''
    if (event === 'backend_up') log.info(event, `backend ${id} is up`, { backend: id })
    else if (event === 'backend_down')
      log.warn(event, `backend ${id} is down (${reason})`, { backend: id, reason })
  })
}
