/**
 * `node --import tsx bench/guide.ts`: writes the tables of docs/guide/strategies.md anew, and draws its plots.
 *
 * A table stands between `<!-- table: NAME -->` and `<!-- end -->`; NAME is a file in examples/workloads. The
 * simulator is seeded: where strategies and pool are the same, so is the page.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import {
  formatSimulation,
  readWorkload,
  type Simulation,
  type StrategyReport,
  simulate,
  type Workload,
} from '../src/simulator.ts'
import { lineChart, type Range, rangeChart, type Series } from './harness/svg.ts'

const page = new URL('../docs/guide/strategies.md', import.meta.url)
const plots = new URL('../docs/guide/plots/', import.meta.url)
const workloads = new URL('../examples/workloads/', import.meta.url)

const text = readFileSync(page, 'utf8')
const tables = /(?<=<!-- table: ([\w-]+) -->\n)[\s\S]*?(?=<!-- end -->)/g
const made = new Map<string, Simulation>()
for (const [, name = ''] of text.matchAll(tables)) {
  const source = readFileSync(new URL(`${name}.yaml`, workloads), 'utf8')
  const simulation = simulate(await readWorkload(source, name))
  made.set(name, simulation)
  write(`${name}.svg`, spread(simulation))
}
writeFileSync(
  page,
  text.replace(tables, (_, name: string) => `\n${firstTable(made.get(name)!)}\n\n`),
)
write('load.svg', load())
write('tail.svg', tail())

/** The table of times; who got how much follows it in the command's output. */
function firstTable(simulation: Simulation): string {
  const lines = formatSimulation(simulation).split('\n')
  const from = lines.findIndex((line) => line.startsWith('| strategy'))
  const to = lines.findIndex((line, index) => index > from && !line.startsWith('|'))
  return lines.slice(from, to).join('\n')
}

function spread({ title, strategies }: Simulation): string {
  const rows = strategies.filter(({ isUnstable }) => !isUnstable).map(rangeOf)
  return rangeChart(title, 'response time: p50 to p99, and the mean; longer is worse', rows)
}

function rangeOf(report: StrategyReport): Range {
  const { strategy, response, succeeded, requests } = report
  const failed = 1 - succeeded / requests
  const note = failed > 0 ? { note: `${(failed * 100).toPrecision(2)}% failed` } : {}
  const { p50Ms: from, meanMs: mark, p99Ms: to } = response
  return { name: strategy, from, mark, to, ...note }
}

/** The mean response time of four equal backends, at more and more load. */
function load(): string {
  const names = ['random', 'round-robin', 'two-choices', 'least-connections']
  const loads = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
  const all = loads.map((rho) => simulate(equal(4, rho, 100_000), names).strategies)
  const series: Series[] = names.map((name, index) => ({
    name,
    points: loads.map((rho, at) => [rho, all[at]![index]!.response.meanMs]),
  }))
  const axes = { title: 'Four backends, ever more load', x: 'load', y: 'mean response time, ms' }
  return lineChart(axes, series)
}

/** How many backends hold how much: measured, and what theory says of infinitely many. */
function tail(): string {
  const rho = 0.9
  const [random, two] = simulate(equal(100, rho, 300_000), ['random', 'two-choices']).strategies
  const upTo = 16
  const held = Array.from({ length: upTo + 1 }, (_, i) => i)
  const measured = ({ queue }: StrategyReport): Series['points'] =>
    held.filter((i) => (queue.atLeast[i] ?? 0) > 1e-6).map((i) => [i, queue.atLeast[i]!])
  const theory = (share: (i: number) => number): Series['points'] =>
    held.filter((i) => share(i) > 1e-6).map((i) => [i, share(i)])
  const y = 'share of time that a backend holds at least so many'
  const title = 'A hundred backends, 90 % load'
  return lineChart({ title, x: 'requests held', y, isLog: true }, [
    { name: 'random', points: measured(random!) },
    { name: 'two-choices', points: measured(two!) },
    { name: 'theory', points: theory((i) => rho ** i), isDashed: true },
    { name: 'theory', points: theory((i) => rho ** (2 ** i - 1)), isDashed: true },
  ])
}

function equal(count: number, rho: number, requests: number): Workload {
  const ratePerSecond = rho * count * 100
  return {
    arrivals: { kind: 'poisson', ratePerSecond },
    service: { kind: 'exponential', meanMs: 10 },
    backends: [{ name: 'b', count }],
    requests,
    warmUpMs: (requests / ratePerSecond) * 100,
  }
}

function write(name: string, svg: string): void {
  writeFileSync(new URL(name, plots), svg)
}
