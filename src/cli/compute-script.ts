import { readOrder } from './compute-order.ts'
import type { ComputeSession } from './compute-session.ts'

/** Tasks that wait for their answer, or for their turn to be told. */
const aheadMax = 256

/**
 * Does what the lines ask for, many tasks at a time; answers come in the order of the lines.
 *
 * Ctrl-C ends a run of random tasks, whose table is still told; at any other time, the command.
 */
export async function runLines(
  batches: AsyncIterable<readonly string[]> | Iterable<readonly string[]>,
  session: ComputeSession,
): Promise<void> {
  let told = Promise.resolve()
  let ahead = 0
  for await (const lines of batches) {
    for (const line of lines) {
      const order = readOrder(line)
      if (order.kind === 'task') {
        const begun = session.begin(order.task)
        ahead++
        told = told.then(async () => {
          const tell = await begun
          ahead--
          tell()
        })
        if (ahead >= aheadMax) await told
        continue
      }
      await told
      if (order.kind === 'exit') return
      if (await isInterrupted((signal) => session.run(order, signal))) {
        session.exitCode = 128 + 2 // SIGINT
        return
      }
    }
  }
  await told
}

async function isInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
  const end = new AbortController()
  const abort = (): void => end.abort()
  process.once('SIGINT', abort)
  await work(end.signal)
  process.off('SIGINT', abort)
  return end.signal.aborted
}
