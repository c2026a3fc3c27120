import type { Log } from '../base/log.ts'
import type { Pool } from '../pool/pool.ts'

/** Tells the log of every change in the health of a backend. @returns how to stop that. */
export function announce(pool: Pool, log: Log): () => void {
  return pool.onTransition(({ event, backend: { id }, reason }) => {
    if (event === 'backend_up') log.info(event, `backend ${id} is up`, { backend: id })
    else log.warn(event, `backend ${id} is down (${reason})`, { backend: id, reason })
  })
}
