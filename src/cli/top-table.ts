import { cut, left, plain, right, short, sparkline } from './top-cells.ts'
import type { TopBackend, TopPool } from './top-course.ts'

/** What one column shows. */
export interface Column {
  readonly title: string
  readonly width: number
  readonly isText?: boolean
  cell(backend: TopBackend, most: number, width: number): string
}

type Ranked = Column & {
  /** The lowest ones are left out first. */
  readonly rank: number
}

const weight = ({ view }: TopBackend): string =>
  view.weight === view.fullWeight
    ? short(view.fullWeight)
    : `${short(view.weight)}/${short(view.fullWeight)}`

const columns: readonly Ranked[] = [
  { rank: 9, title: 'backend', width: 16, isText: true, cell: ({ view }) => view.id },
  { rank: 8, title: 'health', width: 10, isText: true, cell: ({ view }) => view.health },
  { rank: 4, title: 'weight', width: 6, cell: weight },
  { rank: 6, title: 'active', width: 6, cell: ({ view }) => short(view.active) },
  { rank: 7, title: 'work/s', width: 6, cell: ({ perSecond }) => short(perSecond) },
  { rank: 5, title: 'err/s', width: 5, cell: ({ errorsPerSecond }) => short(errorsPerSecond) },
  { rank: 2, title: 'p50 ms', width: 6, cell: ({ view }) => short(view.responseTimes.p50Ms) },
  { rank: 3, title: 'p99 ms', width: 6, cell: ({ view }) => short(view.responseTimes.p99Ms) },
  { rank: 0, title: 'avg ms', width: 6, cell: ({ view }) => short(view.averageResponseTimeMs) },
  { rank: -1, title: 'total', width: 6, cell: ({ view }) => short(view.leases) },
  { rank: -2, title: 'failed', width: 6, cell: ({ view }) => short(view.failed) },
  {
    ...{ rank: 1, title: 'trend', width: 8, isText: true },
    cell: ({ trend }, most, width) => sparkline(trend, most, width),
  },
  { rank: -3, title: 'why', width: 24, isText: true, cell: ({ view }) => view.reason },
]

const idWidthMax = 40
const trendWidthMax = 40

/** Which columns there is room for in `width`, and how wide each is. */
export function columnsFor(width: number, pools: readonly TopPool[]): readonly Column[] {
  const kept = new Set<Ranked>()
  let used = 0
  for (const column of columns.toSorted((a, b) => b.rank - a.rank)) {
    if (kept.size > 0 && used + 1 + column.width > width) break
    used += column.width + (kept.size > 0 ? 1 : 0)
    kept.add(column)
  }
  const longest = Math.max(
    ...pools.flatMap(({ backends }) => backends.map(({ view }) => plain(view.id).length)),
    0,
  )
  let free = width - used
  const widen = (column: Column, most: number): Column => {
    const extra = Math.max(Math.min(free, most - column.width), -column.width)
    if (extra <= 0 && free >= 0) return column
    free -= extra
    return { ...column, width: column.width + extra }
  }
  const wide = new Map<Ranked, Column>()
  const order = ['backend', 'trend', 'why']
  const mosts = [Math.min(longest, idWidthMax), trendWidthMax, Number.POSITIVE_INFINITY]
  order.forEach((title, i) => {
    const column = [...kept].find((each) => each.title === title)
    if (column !== undefined) wide.set(column, widen(column, mosts[i]!))
  })
  return columns.filter((each) => kept.has(each)).map((each) => wide.get(each) ?? each)
}

export function headLine(shown: readonly Column[]): string {
  return shown.map(({ title, width, isText }) => (isText ? left : right)(title, width)).join(' ')
}

/** @param most the highest rate of the pool, for the bars. */
export function backendLine(shown: readonly Column[], backend: TopBackend, most: number): string {
  return shown
    .map(({ cell, isText, width }) => {
      const text = plain(cell(backend, most, width))
      return (isText ? left : right)(text, width)
    })
    .join(' ')
}

export function poolLine({ name, strategy, queued, isFailOpen }: TopPool, width: number): string {
  const queue = `${queued} in line`
  const open = isFailOpen ? '  NONE IS UP: ALL ARE TRIED' : ''
  return cut(plain(`pool ${name}  ${strategy}  ${queue}${open}`), width)
}
