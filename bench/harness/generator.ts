import { setTimeout as wait } from 'node:timers/promises'
import { type Child, type Command, start } from './child.ts'
import type { Sample } from './rounds.ts'
import { cpuMicros } from './usage.ts'

/** Long enough for the last FINs to pass; an idle proxy spends nothing. */
const SETTLE_MS = 50

/** Starts a load program and waits until its connections stand. */
export async function prepare(command: Command): Promise<Child> {
  const load = start('load', command)
  const line = await load.line()
  if (line !== 'ready') throw new Error(`cannot start the load: it said '${line}', not 'ready'`)
  return load
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

/** Lets a load go once and counts what `proxy` spends on it. */
export async function measure(command: Command, proxy: number, unit: Unit): Promise<Sample> {
  const load = await prepare(command)
  try {
    await wait(SETTLE_MS)
    const before = cpuMicros(proxy)
    load.say('go\n')
    const { count, seconds, p50Ms, p99Ms, failed } = parse(await load.line())
    await wait(SETTLE_MS)
    const spent = cpuMicros(proxy) - before
    if (failed > 0) throw new Error(`${failed} of ${count} requests failed`)
    const units = count / unit.counts
    const cost = spent / unit.micros / units
    return { cost, rate: units / seconds, p50Ms, p99Ms, busy: spent / 1e6 / seconds }
  } finally {
    await load.stop()
  }
}

function parse(line: string) {
  const [word, count, seconds, p50, p99, failed] = line.split(' ')
  if (word !== 'done') throw new Error(`cannot read the load's result '${line}'`)
  return {
    count: Number(count),
    seconds: Number(seconds),
    p50Ms: Number(p50) / 1_000,
    p99Ms: Number(p99) / 1_000,
    failed: Number(failed),
  }
}
