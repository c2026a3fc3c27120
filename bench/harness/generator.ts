import { setTimeout as wait } from 'node:timers/promises'
import type { Child } from './child.ts'
import type { Sample } from './rounds.ts'
import { cpuMicros } from './usage.ts'

/** Long enough for the last FINs to pass; an idle proxy spends nothing. */
const SETTLE_MS = 50

/** What the clients do in one round; `ends.c`, `load.c`, `bulk.c` and `lines.c` tell the modes. */
export interface Load {
  readonly connections: number
  /** Requests, bytes or messages. */
  readonly count: number
  /** A number is how many messages each client has outstanding. */
  readonly mode: 'keep' | 'client-closes' | 'peer-closes' | 'download' | 'upload' | `${number}`
  /** New connections a second; as many as the answers allow when absent. */
  readonly rate?: number
}

/** What a table's cost is of, and in. */
export interface Unit {
  /** How many of the load's counts (requests, or bytes) make one. */
  readonly counts: number
  /** µs of CPU in one of the table's figures. */
  readonly micros: number
}

export const perRequest: Unit = { counts: 1, micros: 1 }
export const secondsPerGigabyte: Unit = { counts: 1e9, micros: 1e6 }

/** A contender at work: the process measured, its port, and the process at both its ends. */
export interface Seat {
  readonly port: number
  readonly proxy: Child
  readonly ends: Child
  stop(): Promise<void>
}

/** Lets the clients connect; in mode `keep` each has its first answer when this resolves. */
export async function open({ ends, port }: Seat, load: Load): Promise<void> {
  const { connections, count, mode, rate = 0 } = load
  await ask(ends, `open ${port} ${connections} ${count} ${mode} ${rate}`, 'ready')
}

export const close = ({ ends }: Seat): Promise<string> => ask(ends, 'close', 'closed')

/** Lets the clients go once and counts what the proxy spends on it. */
export async function measure(seat: Seat, load: Load, unit: Unit): Promise<Sample> {
  const { ends, proxy } = seat
  await open(seat, load)
  await wait(SETTLE_MS)
  const before = cpuMicros(proxy.pid)
  const result = parse(await ask(ends, 'go', 'done'))
  await wait(SETTLE_MS)
  const spent = cpuMicros(proxy.pid) - before
  await close(seat)
  const { count, seconds, p50Ms, p99Ms, failed } = result
  if (failed > 0) throw new Error(`${failed} of ${count} requests failed`)
  const units = count / unit.counts
  const cost = spent / unit.micros / units
  return { cost, rate: units / seconds, p50Ms, p99Ms, busy: spent / 1e6 / seconds }
}

async function ask(ends: Child, order: string, wanted: string): Promise<string> {
  ends.say(`${order}\n`)
  const line = await ends.line()
  if (line.startsWith(wanted)) return line
  throw new Error(`'${order}' was answered by '${line}', not '${wanted}'`)
}

function parse(
  line: string,
): Pick<Sample, 'p50Ms' | 'p99Ms'> & Record<'count' | 'seconds' | 'failed', number> {
  const [count, seconds, p50, p99, failed] = line.split(' ').slice(1).map(Number)
  return {
    count: count!,
    seconds: seconds!,
    p50Ms: p50! / 1_000,
    p99Ms: p99! / 1_000,
    failed: failed!,
  }
}
