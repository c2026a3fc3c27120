import type { ErrorCounts, Simulation, StrategyReport } from './report.ts'

/** Up to so many backends get a column of their own. */
const columnsMax = 8

/** A simulation as text for people: what came in, a row for each strategy, and who got how much. */
export function formatSimulation(simulation: Simulation): string {
  const { title, requests, seed, strategies, elapsedMs, offeredLoad, isUnstable } = simulation
  const growing = strategies.filter((report) => report.isUnstable).map(({ strategy }) => strategy)
  const backends = strategies[0]?.backends.length ?? 0
  const load = `${Math.round(offeredLoad * 100)} % of what the backends can do`
  const about = `${requests} requests in ${time(elapsedMs)}, ${count(backends, 'backend')}, ${load}, seed ${seed}`
  const parts = [
    title === '' ? about : `${title}\n${about}`,
    ...(isUnstable ? [unstable] : []),
    table(measured, strategies.map(measures)),
    ...(growing.length > 0 && !isUnstable ? [`${overloaded}: ${growing.join(', ')}.`] : []),
    `Share of the requests that each got:\n\n${shares(strategies)}`,
  ]
  return `${parts.join('\n\n')}\n`
}

const unstable =
  'Unstable: more comes in than can be done, so the longer it lasts the longer it takes.'

const overloaded =
  'A backend gets more than it can do, so the longer it lasts the longer it takes, by'

const measured = [
  'strategy',
  'mean',
  'p50',
  'p95',
  'p99',
  'max',
  'waiting',
  'imbalance',
  'least share',
  'starved',
  'kept',
  'queue',
  'longest',
  'errors',
]

function measures(report: StrategyReport): string[] {
  const { response, waiting, queue, errors, requests } = report
  const failures = errorsOf(errors)
  return [
    report.strategy,
    ...[response.meanMs, response.p50Ms, response.p95Ms, response.p99Ms, response.maxMs].map(time),
    time(waiting.meanMs),
    report.imbalance.toFixed(2),
    percent(report.leastShare),
    time(report.starvedMs),
    percent(report.keptShare),
    queue.mean.toFixed(2),
    String(queue.most),
    failures === 0 ? '0' : `${failures} (${percent(failures / requests)})`,
  ]
}

/** All that did not succeed. */
function errorsOf(errors: ErrorCounts): number {
  return Object.values(errors).reduce((sum, one) => sum + one, 0)
}

function shares(strategies: readonly StrategyReport[]): string {
  const backends = strategies[0]?.backends ?? []
  if (backends.length <= columnsMax) {
    const rows = strategies.map(({ strategy, backends: all }) => [
      strategy,
      ...all.map(({ share }) => percent(share)),
    ])
    return table(['strategy', ...backends.map(({ id }) => id)], rows)
  }
  const groups = [...new Set(backends.map(({ group }) => group))]
  const rows = strategies.map(({ strategy, backends: all }) => [
    strategy,
    ...groups.map((name) => range(all.filter(({ group }) => group === name))),
  ])
  const sizes = groups.map((name) => backends.filter(({ group }) => group === name).length)
  return table(['strategy', ...groups.map((name, i) => `each of ${sizes[i]} ${name}`)], rows)
}

function range(backends: StrategyReport['backends']): string {
  const all = backends.map(({ share }) => share)
  return `${percent(Math.min(...all))}–${percent(Math.max(...all))}`
}

/** Columns padded; names to the left, numbers to the right. It is a table in Markdown, too. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length), 3),
  )
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, column) => {
      return column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)
    })
    return `| ${padded.join(' | ')} |`
  }
  const rules = widths.map((width, column) => {
    return column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`
  })
  return [line(head), line(rules), ...rows.map(line)].join('\n')
}

/** Three digits, in the unit that suits. */
function time(ms: number): string {
  if (ms < 0.000_05) return '0'
  if (ms < 0.01) return `${(ms * 1_000).toFixed(1)}µs`
  if (ms < 1_000) return `${digits(ms)}ms`
  if (ms < 1_000_000) return `${digits(ms / 1_000)}s`
  return ms < 10_000_000 ? `${digits(ms / 60_000)}min` : `${digits(ms / 3_600_000)}h`
}

const digits = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)

function percent(share: number): string {
  const value = share * 100
  return `${value === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(value >= 1 ? 1 : 2)}%`
}

const count = (n: number, word: string): string => `${n} ${word}${n === 1 ? '' : 's'}`
