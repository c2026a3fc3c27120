import type { Tally, WorkerTally } from './compute-tally.ts'
import type { KnownWorker } from './compute-workers.ts'
import { plain, short } from './top-cells.ts'

const head = ['worker', 'tasks', 'share', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms', 'errors']
const headOfKnown = ['health', 'active', 'messages']

/** Who has answered how many tasks, and how fast. */
export function tallyTable(tally: Tally): string {
  const { all, workers } = tally
  const rows = workers.map((each) => cells(each, all))
  return columns([head, ...rows, ...(workers.length > 1 ? [cells(all, all)] : [])])
}

/** The same for all workers that a balancer knows, with what it says of them. */
export function workersTable(tally: Tally, known: ReadonlyMap<string, KnownWorker>): string {
  const silent = [...known.keys()].filter((id) => !tally.workers.some((w) => w.worker === id))
  const none = ['0', '0 %', '-', '-', '-', '-', '0']
  const rows = [
    ...tally.workers.map((each) => cells(each, tally.all)),
    ...silent.map((id) => [plain(id), ...none]),
  ]
  if (known.size === 0) return columns([head, ...rows])
  return columns([
    [...head, ...headOfKnown],
    ...rows.map((row) => {
      const { active, health, messages } = known.get(row[0]!) ?? {}
      return [...row, health ?? '-', `${active ?? '-'}`, `${messages ?? '-'}`]
    }),
  ])
}

/** Why tasks failed, a line each. */
export function failureLines({ failures }: Tally): string {
  return failures
    .map(({ code, count, message }) => `${count} × ${plain(code)}: ${plain(message)}`)
    .join('\n')
}

function cells({ errors, times, worker }: WorkerTally, all: WorkerTally): string[] {
  const { maxMs, p50Ms, p90Ms, p99Ms } = times.view()
  const share = all.times.count === 0 ? 0 : Math.round((times.count / all.times.count) * 100)
  const shown = [p50Ms, p90Ms, p99Ms, maxMs].map((ms) => (times.count === 0 ? '-' : short(ms)))
  const name = worker === '' ? '(no worker)' : plain(worker)
  return [name, `${times.count}`, `${share} %`, ...shown, `${errors}`]
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  return rows
    .map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))),
    )
    .map((row) => row.join('  ').trimEnd())
    .join('\n')
}
