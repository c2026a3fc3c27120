import type { BalancerView } from '../balancer.ts'
import { printable } from '../base/printable.ts'
import type { BackendView } from '../pool/view.ts'

/** What a balancer does, for people: its listeners, and the backends of each pool in columns. */
export function statusTable({ listeners, pools }: BalancerView): string {
  const heard = Object.entries(listeners).map(([name, { address, mode, connections }]) => {
    const { active, total } = connections
    return `listener ${name}: ${mode} at ${address}, ${active} connections (${total} so far)`
  })
  const blocks = Object.entries(pools).map(([name, pool]) => {
    const queued = pool.queued > 0 ? `, ${pool.queued} waiting` : ''
    const open = pool.isFailOpen ? ', none is up: all are tried' : ''
    const title = `pool ${name}: ${pool.strategy}${queued}${open}`
    return [title, ...columns([head, ...pool.backends.map(row)])].join('\n')
  })
  return [heard.join('\n'), ...blocks].join('\n\n')
}

const head = ['backend', 'health', 'weight', 'active', 'total', 'failed', 'avg ms', 'p99 ms', 'why']

function row(view: BackendView): string[] {
  const { fullWeight, weight, active, leases, failed, averageResponseTimeMs, responseTimes } = view
  const scaled = weight === fullWeight ? `${weight}` : `${round(weight)}/${fullWeight}`
  const times = [averageResponseTimeMs, responseTimes.p99Ms].map((ms) => String(round(ms)))
  const counts = [active, leases, failed].map(String)
  return [printable(view.id), view.health, scaled, ...counts, ...times, printable(view.reason)]
}

const round = (value: number): number => Math.round(value * 100) / 100

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)))
  return rows.map((cells) =>
    cells
      .map((cell, column) =>
        column < 2 || column === 8 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  )
}
