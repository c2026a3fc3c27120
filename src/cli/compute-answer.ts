import { PilotiError } from '../base/errors.ts'
import { printable } from '../base/printable.ts'
import { type ComputeClient, type Settled, type Task, textOfTask } from '../compute.ts'
import { short } from './top-cells.ts'

/** What came of a task: what was answered, or why nobody did. */
export type Came = { readonly task: Task } & (Settled | { readonly lost: PilotiError })

/** Asks for a task; that nobody answers is an end too. */
export async function settled(client: ComputeClient, task: Task): Promise<Came> {
  try {
    return { task, ...(await client.call(task)) }
  } catch (error) {
    if (error instanceof PilotiError) return { task, lost: error }
    throw error
  }
}

/** Who has answered, and how fast. */
export function whoAnswered({ ms, result }: Extract<Came, { readonly result: unknown }>): string {
  const { worker } = result
  const from = worker === undefined ? '' : `from ${printable(worker)} `
  return `${from}in ${short(ms)} ms`
}

/** One line of JSON. */
export function answerJson(came: Came): string {
  const task = textOfTask(came.task)
  if ('lost' in came) {
    const { code, message } = came.lost
    return JSON.stringify({ task, error: { reason: code, message } })
  }
  const tookMs = rounded(came.ms)
  if ('result' in came) return JSON.stringify({ task, ...came.result, tookMs })
  const { worker, ...error } = came.error
  return JSON.stringify({ task, error, ...(worker !== undefined && { worker }), tookMs })
}

/** One without a result. */
export type Failed = Exclude<Came, { readonly result: unknown }>

/** Why there is none. */
export function messageOf(came: Failed): string {
  return 'lost' in came ? came.lost.message : came.error.message
}

/** Milliseconds to the microsecond. */
export const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000
