import type { Log } from '../base/log.ts'
import type { Pool } from './pool.ts'
import type { Transition } from './transition.ts'

type Event = Transition['event']

const sentences: Readonly<Record<Event, (id: string, why: string) => string>> = {
  backend_up: (id) => `backend ${id} is up`,
  backend_down: (id, why) => `backend ${id} is down${why}`,
  backend_ejected: (id, why) => `backend ${id} is ejected${why}`,
  backend_added: (id) => `backend ${id} is added`,
  backend_removed: (id) => `backend ${id} is removed`,
  drain_start: (id, why) => `backend ${id} finishes its work and gets no more${why}`,
  drain_done: (id) => `backend ${id} has finished its work`,
  fail_open: () => 'no backend is up: each that does not drain may take work',
  fail_open_over: () => 'a backend is up again: only such may take work',
}
const warnings: ReadonlySet<Event> = new Set(['backend_down', 'backend_ejected', 'fail_open'])

/** What a transition says to people. */
export function sentenceOf({ event, backend, reason }: Transition): string {
  return sentences[event](backend?.id ?? '', reason && ` (${reason})`)
}

/** As many of a kind at once are told one by one. */
const eachMax = 10

/**
 * Tells the log of every change in a pool; of many alike at once the first ten, and how many followed them.
 *
 * @returns how to stop that.
 */
export function announce(pool: Pool, log: Log): () => void {
  const counts = new Map<Event, number>()
  const levelOf = (event: Event): 'warn' | 'info' => (warnings.has(event) ? 'warn' : 'info')
  const tellRest = (): void => {
    for (const [event, count] of counts) {
      const more = count - eachMax
      if (more <= 0) continue
      log[levelOf(event)](event, `the same of ${more} more backends`, { count: more })
    }
    counts.clear()
  }
  return pool.onTransition((transition) => {
    const { event, backend, reason } = transition
    if (counts.size === 0) queueMicrotask(tellRest)
    const count = (counts.get(event) ?? 0) + 1
    counts.set(event, count)
    if (count > eachMax) return
    log[levelOf(event)](event, sentenceOf(transition), {
      ...(backend !== undefined && { backend: backend.id }),
      ...(reason !== '' && { reason }),
    })
  })
}
