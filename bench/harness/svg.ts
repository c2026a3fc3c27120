/** Small charts as SVG, for light and dark pages. Pure. */

/** One row of a range chart: a line from `from` to `to`, with a mark between. */
export interface Range {
  readonly name: string
  readonly from: number
  readonly mark: number
  readonly to: number
  /** Said at the end of the row. */
  readonly note?: string
}

export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
  readonly isDashed?: boolean
}

export interface Axes {
  readonly title: string
  readonly x: string
  readonly y: string
  /** The y axis is logarithmic. */
  readonly isLog?: boolean
}

const width = 760
const style = `
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 16px; font-weight: 600 }
  .back { fill: #ffffff }
  .grid { stroke: #d0d7de }
  .line { fill: none; stroke-width: 2.5 }
  .c0 { stroke: #0969da; fill: #0969da } .c1 { stroke: #bc4c00; fill: #bc4c00 }
  .c2 { stroke: #1a7f37; fill: #1a7f37 } .c3 { stroke: #8250df; fill: #8250df }
  .c4 { stroke: #bf3989; fill: #bf3989 } .line { fill: none } text.label { stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .back { fill: #0d1117 } .grid { stroke: #3d444d }
    .c0 { stroke: #58a6ff; fill: #58a6ff } .c1 { stroke: #f0883e; fill: #f0883e }
    .c2 { stroke: #56d364; fill: #56d364 } .c3 { stroke: #bc8cff; fill: #bc8cff }
    .c4 { stroke: #f778ba; fill: #f778ba } .line { fill: none }
  }`

function svg(height: number, title: string, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">
<title>${escape(title)}</title>
<style>${style}
</style>
<rect class="back" width="${width}" height="${height}"/>
${text(16, 28, title, 'start', 'title')}
${parts.join('\n')}
</svg>
`
}

const rowHeight = 26

/** Ranges on a logarithmic scale of milliseconds, one below the other. */
export function rangeChart(title: string, x: string, rows: readonly Range[]): string {
  const [left, right, top] = [170, 110, 50]
  const low = Math.min(...rows.map(({ from }) => from))
  const high = Math.max(...rows.map(({ to }) => to))
  const ticks = ticksOf(low, high)
  const [first, last] = [Math.min(low, ticks[0]!), Math.max(high, ticks.at(-1)!)]
  const at = (ms: number): number =>
    left + (Math.log(ms / first) / Math.log(last / first)) * (width - left - right)
  const bottom = top + rows.length * rowHeight
  const grid = ticks.map(
    (ms) => `${segment(at(ms), top, at(ms), bottom, 'grid')}
${text(at(ms), bottom + 20, ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`, 'middle')}`,
  )
  const bars = rows.map(({ name, from, mark, to, note = '' }, index) => {
    const y = top + (index + 0.5) * rowHeight
    return `${text(left - 12, y + 4, name, 'end')}
<line x1="${fixed(at(from))}" y1="${y}" x2="${fixed(at(to))}" y2="${y}" class="c0" stroke-width="5" stroke-linecap="round"/>
<circle cx="${fixed(at(mark))}" cy="${y}" r="6" class="c1"/>
${text(at(to) + 12, y + 4, note, 'start')}`
  })
  const label = text((left + width - right) / 2, bottom + 44, x, 'middle')
  return svg(bottom + 58, title, [...grid, ...bars, label])
}

/** 1, 2 and 5 times the powers of ten between; only the powers where these are many. */
function ticksOf(low: number, high: number): number[] {
  const steps = high / low > 200 ? [1] : [1, 2, 5]
  const ticks: number[] = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const step of steps) ticks.push(Number((step * 10 ** power).toPrecision(1)))
  }
  const from = ticks.findLastIndex((tick) => tick <= low)
  const to = ticks.findIndex((tick) => tick >= high)
  return ticks.slice(Math.max(from, 0), to < 0 ? undefined : to + 1)
}

/** Lines over two axes, each named at its end. */
export function lineChart({ title, x, y, isLog = false }: Axes, all: readonly Series[]): string {
  const [left, right, top, bottom] = [70, 150, 60, 330]
  const points = all.flatMap((series) => series.points)
  const xs = points.map(([value]) => value)
  const ys = points.map(([, value]) => value)
  const [x0, x1, y1] = [Math.min(...xs), Math.max(...xs), Math.max(...ys)]
  const y0 = isLog ? 10 ** Math.floor(Math.log10(Math.min(...ys))) : 0
  const toX = (value: number): number => left + ((value - x0) / (x1 - x0)) * (width - left - right)
  const share = (value: number): number =>
    isLog ? Math.log(value / y0) / Math.log(y1 / y0) : (value - y0) / (y1 - y0)
  const toY = (value: number): number => bottom - share(value) * (bottom - top)
  const yTicks = isLog ? powers(y0, y1) : evenly(y1)
  const xTicks = [...new Set(xs)].filter((_, index, { length }) => length < 9 || index % 2 === 0)
  const grid = [
    ...yTicks.map(
      (value) => `${segment(left, toY(value), width - right, toY(value), 'grid')}
${text(left - 8, toY(value) + 4, String(value), 'end')}`,
    ),
    ...xTicks.map((value) => text(toX(value), bottom + 20, String(value), 'middle')),
  ]
  const labels = spacedOut(all.map(({ points: own }) => toY(own.at(-1)![1])))
  const lines = all.map(({ name, points: own, isDashed }, index) => {
    const path = own.map(([px, py]) => `${fixed(toX(px))},${fixed(toY(py))}`).join(' ')
    const dashes = isDashed ? ' stroke-dasharray="5 5"' : ''
    const endX = toX(own.at(-1)![0])
    return `<polyline points="${path}" class="line c${index % 5}"${dashes}/>
${text(endX + 8, labels[index]! + 4, name, 'start', `label c${index % 5}`)}`
  })
  const named = [
    text((left + width - right) / 2, bottom + 44, x, 'middle'),
    text(16, 50, y, 'start'),
  ]
  return svg(bottom + 58, title, [...grid, ...lines, ...named])
}

function powers(low: number, high: number): number[] {
  const all: number[] = []
  for (let value = low; value <= high * 1.001; value *= 10) all.push(Number(value.toPrecision(1)))
  return all
}

/** Round numbers from 0, not more than five. */
function evenly(high: number): number[] {
  const power = 10 ** Math.floor(Math.log10(high))
  const step = [0.2, 0.5, 1, 2].map((n) => n * power).find((one) => high / one < 5) ?? power * 5
  return [0, 1, 2, 3, 4].map((n) => n * step).filter((value) => value <= high)
}

/** Moves labels apart that would overlap. */
function spacedOut(ys: readonly number[]): number[] {
  const order = ys.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y)
  const placed: number[] = []
  let last = Number.NEGATIVE_INFINITY
  for (const { y, index } of order) {
    last = Math.max(y, last + 16)
    placed[index] = last
  }
  return placed
}

const fixed = (value: number): string => value.toFixed(1)

const segment = (x1: number, y1: number, x2: number, y2: number, name: string): string =>
  `<line x1="${fixed(x1)}" y1="${fixed(y1)}" x2="${fixed(x2)}" y2="${fixed(y2)}" class="${name}"/>`

const text = (x: number, y: number, what: string, anchor: string, name = ''): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}" class="${name}">${escape(what)}</text>`

const escape = (what: string): string =>
  what.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
