import { createHook } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'

/** Timers that were set and neither fired nor were cleared, also those that keep nothing alive. */
const timers = new Set<number>()

createHook({
  init: (id, type) => {
    if (type === 'Timeout') timers.add(id)
  },
  destroy: (id) => {
    timers.delete(id)
  },
}).enable()

/** What this process holds: sockets, servers and dials by kind, and timers. */
export function held(): Record<string, number> {
  const counts: Record<string, number> = { Timeout: timers.size }
  for (const kind of process.getActiveResourcesInfo()) {
    if (/TCP|Pipe|Connect|Shutdown|Write/.test(kind)) counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

/** Waits until this process holds no more than `before`; the time limit of the test is the limit. */
export async function backTo(before: Record<string, number>): Promise<void> {
  const isMore = ([kind, count]: [string, number]): boolean => count > (before[kind] ?? 0)
  // Not by timers, which would be held themselves.
  while (Object.entries(held()).some(isMore)) await setImmediate()
}
