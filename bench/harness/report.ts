import { availableParallelism, release } from 'node:os'
import { pinned } from './child.ts'
import type { Contender } from './contenders.ts'
import type { Results } from './contest.ts'
import { ask } from './installed.ts'
import type { Node } from './nodes.ts'
import { figure, median, ratio, spread } from './numbers.ts'
import type { Size } from './size.ts'
import { table } from './table.ts'

/** Whose median the others are divided by, as its column is called. */
export type Peers = readonly { readonly name: string; readonly title: string }[]

/** One case as a table: a row per contender, cost first. Absent ones say so. */
export function costTable(
  cost: string,
  contenders: readonly Contender[],
  results: Results,
  peers: Peers,
): string {
  const timed = [...results.values()].some((samples) => samples.some(({ p99Ms }) => p99Ms > 0))
  const head = ['', cost, ...peers.map(({ title }) => `× ${title}`), 'a second', 'core busy']
  const rows = contenders.map(({ name, command }) => {
    const samples = results.get(name)
    if (samples === undefined) return [name, command ? 'did not start' : 'not installed']
    const costs = samples.map((sample) => sample.cost)
    const middle = (of: 'rate' | 'busy' | 'p50Ms' | 'p99Ms'): number =>
      median(samples.map((sample) => sample[of]))
    const times = timed ? [figure(middle('p50Ms')), figure(middle('p99Ms'))] : []
    const against = peers.map((peer) => ratio(costs, costsOf(results, peer.name)))
    const busy = `${Math.round(middle('busy') * 100)} %`
    return [name, spread(costs), ...against, figure(middle('rate')), busy, ...times]
  })
  return table(timed ? [...head, 'p50 ms', 'p99 ms'] : head, rows)
}

export const costsOf = (results: Results, name: string): number[] =>
  (results.get(name) ?? []).map(({ cost }) => cost)

/** Under what conditions: what a reader needs to judge or repeat the tables. */
export function conditions(size: Size, all: readonly Node[]): string {
  const haproxy = /version (\d+\.\d+\.\d+)/.exec(ask('haproxy', '-v') ?? '')?.[1]
  const nginx = /nginx\/(\S+)/.exec(ask('nginx', '-v') ?? '')?.[1]
  const versions = [
    ...(nginx ? [`nginx ${nginx} (one worker)`] : []),
    ...(haproxy ? [`HAProxy ${haproxy} (one thread)`] : []),
    `Node ${all.map(({ version }) => version).join(', ')}`,
  ]
  return [
    `${versions.join(' · ')}. Linux ${release().split('.', 2).join('.')}, ${availableParallelism()} cores.`,
    pinned
      ? 'The proxy has one core to itself, load and backend share another.'
      : 'Not pinned to cores: no `taskset`, or one core only.',
    `Median of ${size.rounds} rounds (least–most), contenders interleaved, after two to warm up.`,
    size.share < 1 ? `Counts cut to ${size.share * 100} %: a smoke test, not a measurement.` : '',
  ]
    .filter((sentence) => sentence !== '')
    .join('\n')
}
