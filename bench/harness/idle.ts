import { setTimeout as wait } from 'node:timers/promises'
import type { Contender } from './contenders.ts'
import { takeSeat } from './contest.ts'
import { requests } from './ends.ts'
import { type Load, measure, open, perRequest } from './generator.ts'
import { answer, browserRequest } from './messages.ts'
import { interleave } from './rounds.ts'
import { rssBytes } from './usage.ts'

/** Long enough for what a proxy puts off to be done. */
const SETTLE_MS = 1_000
const WARM_CONNECTIONS = 64

export interface IdleOptions {
  readonly contenders: readonly Contender[]
  readonly connections: number
  readonly warmUpRequests: number
  readonly rounds: number
}

/**
 * Bytes of resident memory that each idle keep-alive connection adds, after one request on it.
 *
 * Each round starts the proxy anew: one that has held so many connections before has the memory already.
 */
export async function bytesPerIdle(options: IdleOptions): Promise<Map<string, number[]>> {
  const { contenders, rounds } = options
  const runners = []
  for (const contender of contenders) {
    if (contender.command === undefined) continue
    runners.push({ name: contender.name, round: () => growth(contender, options) })
  }
  return interleave(runners, rounds, 0)
}

/** NaN when the contender does not start. */
async function growth(contender: Contender, options: IdleOptions): Promise<number> {
  const { connections, warmUpRequests } = options
  const ends = requests(browserRequest('keep-alive'), answer(100))
  const load = (held: number, count: number): Load => ({ connections: held, count, mode: 'keep' })
  const seat = await takeSeat(contender, ends).catch((error) => console.error(error.message))
  if (!seat) return Number.NaN
  try {
    await measure(seat, load(WARM_CONNECTIONS, warmUpRequests), perRequest)
    await wait(SETTLE_MS)
    const before = rssBytes(seat.proxy.pid)
    await open(seat, load(connections, 0))
    await wait(SETTLE_MS)
    return (rssBytes(seat.proxy.pid) - before) / connections
  } finally {
    await seat.stop()
  }
}
