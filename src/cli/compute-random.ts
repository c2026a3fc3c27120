import { setMaxListeners } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '../base/random.ts'
import { type ComputeClient, randomTask } from '../compute.ts'
import { type Came, settled } from './compute-answer.ts'

export interface RandomRun {
  readonly count: number
  /** The beginnings of the tasks are spread over this; 0: as fast as they are answered. */
  readonly overMs: number
  /** How many at a time. */
  readonly atOnce: number
  readonly random: Random
  readonly signal: AbortSignal
}

/**
 * Sends random tasks, and tells what comes of each, until all have or `signal` says that it is enough.
 *
 * @returns how many there were an end of.
 */
export async function runRandom(
  client: ComputeClient,
  { atOnce, count, overMs, random, signal }: RandomRun,
  tell: (came: Came) => void,
): Promise<number> {
  const startMs = performance.now()
  let begun = 0
  let ended = 0
  const lane = async (): Promise<void> => {
    while (begun < count && !signal.aborted) {
      // Drawn in turn, so that a seed means the same tasks in the same order.
      const task = randomTask(random)
      const early = startMs + (begun++ * overMs) / count - performance.now()
      if (early > 0) await wait(early, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      const came = await settled(client, task)
      if (signal.aborted) return
      ended++
      tell(came)
    }
  }
  const cancel = (): void => client.cancel()
  setMaxListeners(atOnce + 2, signal)
  signal.addEventListener('abort', cancel)
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane))
  signal.removeEventListener('abort', cancel)
  return ended
}
