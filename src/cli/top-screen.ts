import { cut, left, plain } from './top-cells.ts'
import type { TopBackend } from './top-course.ts'
import { chosen, keyAt, sorted, type TopState } from './top-state.ts'
import { backendLine, columnsFor, headLine, poolLine } from './top-table.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'selected'

/** A line of the screen: what it says, and how. */
export interface Line {
  readonly text: string
  readonly style?: Style | undefined
}

const codes: Readonly<Record<Style, string>> = {
  bold: '1',
  dim: '2',
  red: '31',
  yellow: '33',
  selected: '7',
}

/** A line as it is sent to a terminal; without colours only what is selected stands out. */
export function paint({ style, text }: Line, isColor: boolean): string {
  if (style === undefined || (!isColor && style !== 'selected')) return text
  return `\u001b[${codes[style]}m${text}\u001b[0m`
}

/** The whole screen: never more lines than it has rows, none longer than it has columns. */
export function screenOf(state: TopState, { columns, rows }: Size): readonly Line[] {
  const listeners = listenerLine(state)
  const bottom = footer(state)
  const eventsMax = rows >= 16 ? Math.min(Math.floor(rows / 5), state.view.events.length) : 0
  const events =
    eventsMax === 0
      ? []
      : [eventsHead, ...state.view.events.slice(-eventsMax).map((text): Line => ({ text }))]
  const room = Math.max(rows - listeners.length - 2 - events.length - bottom.length, 0)
  const { lines, at } = middle(state, columns)
  const from = Math.min(Math.max(at - room + 2, 0), Math.max(lines.length - room, 0))
  const shown = lines.slice(from, from + room)
  const part =
    lines.length > room && room > 0
      ? `  lines ${from + 1} to ${from + room} of ${lines.length}`
      : ''
  const top = [heading(state, part), ...listeners, blank]
  const filled = [...shown, ...Array<Line>(room - shown.length).fill(blank)]
  // With few rows the question, which stands last, is what must be seen.
  const all = [...top, ...filled, ...events, ...bottom].slice(-Math.max(rows, 0))
  return (rows > 0 ? all : []).map(({ style, text }) => {
    const safe = cut(plain(text), columns)
    return { text: style === 'selected' ? left(safe, columns) : safe, style }
  })
}

const blank: Line = { text: '' }
const eventsHead: Line = { text: 'events', style: 'dim' }

/** @param part which lines of the table there is room for, if not for all */
function heading({ lost, sort, view, where }: TopState, part: string): Line {
  if (lost === undefined) {
    return { text: `piloti top  ${where}  pid ${view.pid}  by ${sort}${part}`, style: 'bold' }
  }
  return { text: `piloti top  NO ANSWER, trying again: ${lost}`, style: 'red' }
}

function listenerLine({ view }: TopState): Line[] {
  return view.listeners.length === 0 ? [] : [{ text: view.listeners.join('  ') }]
}

interface Middle {
  readonly lines: readonly Line[]
  /** Which line must be seen. */
  readonly at: number
}

function middle(state: TopState, columns: number): Middle {
  const { dialog } = state
  if (dialog?.kind === 'help') return { lines: help.map((text) => ({ text })), at: 0 }
  if (dialog?.kind !== 'choose') return table(state, columns)
  const longest = Math.max(...state.strategies.map(({ name }) => name.length))
  const lines = state.strategies.map(({ name, summary }, i): Line => {
    const text = `${i === dialog.at ? '>' : ' '} ${name.padEnd(longest)}  ${summary}`
    return i === dialog.at ? { text, style: 'selected' } : { text }
  })
  return {
    lines: [{ text: `pool ${dialog.pool} picks by`, style: 'bold' }, ...lines],
    at: dialog.at + 1,
  }
}

const help = [
  'up, down, k, j   select a backend',
  'd, r             drain it: no more work; make it ready again',
  '+, -             give it more or less weight',
  's                choose the strategy of its pool',
  'o                sort by requests, active, p99, errors, name',
  'q, Ctrl-C        quit',
  '',
  'Nothing is done before you have said y.',
  '',
  'work/s   requests, messages, or connections, given to it each second',
  'err/s    of these: failures of the backend, or answers from 500 on',
  'p50 p99  response times since its start, to the first byte, in ms',
  'weight   1/3 is: 1 for now, of 3, while it warms up or is loaded',
]

function table(state: TopState, columns: number): Middle {
  const { pools } = state.view
  // Two columns are for the mark of the selected one.
  const shown = columnsFor(columns - 2, pools)
  const selected = chosen(state)
  const lines: Line[] = []
  let at = 0
  for (const pool of pools) {
    if (lines.length > 0) lines.push(blank)
    lines.push({ text: poolLine(pool, columns), style: pool.isFailOpen ? 'red' : 'bold' })
    if (pool.backends.length === 0) lines.push({ text: '  no backend' })
    else lines.push({ text: `  ${headLine(shown)}`, style: 'dim' })
    const most = Math.max(...pool.backends.flatMap(({ trend }) => trend), 1)
    for (const backend of sorted(pool, state.sort)) {
      const isIt = selected !== undefined && keyAt(backend) === keyAt(selected)
      if (isIt) at = lines.length
      const text = `${isIt ? '>' : ' '} ${backendLine(shown, backend, most)}`
      lines.push({ text, style: isIt ? 'selected' : styleOf(backend) })
    }
  }
  return { lines, at }
}

function styleOf({ view }: TopBackend): Style | undefined {
  if (view.health === 'down' || view.health === 'ejected') return 'red'
  return view.health === 'up' ? undefined : 'yellow'
}

function footer(state: TopState): Line[] {
  const { dialog, said } = state
  if (dialog?.kind === 'ask') {
    return [blank, { text: `y/n  ${dialog.order.question}`, style: 'selected' }]
  }
  if (dialog?.kind === 'choose') {
    return [blank, { text: 'up/down choose  enter take  esc back', style: 'dim' }]
  }
  if (dialog?.kind === 'help') return [blank, { text: 'any key: back', style: 'dim' }]
  const keys: Line = {
    text: 'd drain  r ready  +/- weight  s strategy  o sort  ? help  q quit',
    style: 'dim',
  }
  return [{ text: said || about(chosen(state)) }, keys]
}

/** What the columns may have no room for. */
function about(backend: TopBackend | undefined): string {
  if (backend === undefined) return ''
  const { forMs, health, id, reason } = backend.view
  const why = reason === '' ? '' : `: ${reason}`
  return `${id} is ${health} for ${span(forMs)}${why}`
}

function span(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  if (seconds < 120) return `${seconds} s`
  return seconds < 7_200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3_600)} h`
}
