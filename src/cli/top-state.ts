import { keyOf, type TopBackend, type TopPool, type TopView } from './top-course.ts'

export const sortKeys = ['requests', 'active', 'p99', 'errors', 'name'] as const
export type SortKey = (typeof sortKeys)[number]

/** What is asked before it is done: an order of the admin API. */
export interface Order {
  readonly path: string
  readonly body: object
  readonly question: string
}

/** What lies over the table. */
export type Dialog =
  | { readonly kind: 'help' }
  | { readonly kind: 'ask'; readonly order: Order }
  | { readonly kind: 'choose'; readonly pool: string; readonly from: string; readonly at: number }

/** All that the screen shows. */
export interface TopState {
  /** The address that is asked. */
  readonly where: string
  readonly view: TopView
  /** Why there is no answer, while there is none. */
  readonly lost?: string | undefined
  readonly sort: SortKey
  /** Which backend, by its key. */
  readonly selected: string
  readonly dialog?: Dialog | undefined
  /** What the last order came to. */
  readonly said: string
  readonly strategies: readonly { readonly name: string; readonly summary: string }[]
}

/** A state, and what is to be done besides. */
export interface Pressed {
  readonly state: TopState
  readonly order?: Order
  readonly isEnd?: boolean
}

/** The backends of a pool in the order of the screen; of equals the name decides. */
export function sorted({ backends }: TopPool, sort: SortKey): TopBackend[] {
  const value = valueOf[sort]
  return backends.toSorted((a, b) => value(b) - value(a) || compare(a.view.id, b.view.id))
}

const valueOf: Readonly<Record<SortKey, (backend: TopBackend) => number>> = {
  requests: ({ perSecond }) => perSecond,
  active: ({ view }) => view.active,
  p99: ({ view }) => view.responseTimes.p99Ms,
  errors: ({ errorsPerSecond }) => errorsPerSecond,
  name: () => 0,
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The selected backend; the first one, when it is gone. */
export function chosen({ selected, sort, view }: TopState): TopBackend | undefined {
  const all = view.pools.flatMap((pool) => sorted(pool, sort))
  return all.find((backend) => keyAt(backend) === selected) ?? all[0]
}

/** What a key does. `name` is as Node's readline calls it, or the character. */
export function press(state: TopState, name: string): Pressed {
  if (name === 'ctrl-c') return { state, isEnd: true }
  const { dialog } = state
  const closed = { ...state, dialog: undefined }
  if (dialog?.kind === 'ask') {
    if (name === 'y') return { state: { ...closed, said: '…' }, order: dialog.order }
    return { state: { ...closed, said: 'nothing was done' } }
  }
  if (dialog?.kind === 'help') return { state: closed }
  if (dialog?.kind === 'choose') return { state: choosing(state, dialog, name) }
  if (name === 'q') return { state, isEnd: true }
  return { state: steered({ ...state, said: '' }, name) }
}

function choosing(
  state: TopState,
  dialog: Extract<Dialog, { kind: 'choose' }>,
  name: string,
): TopState {
  const { strategies } = state
  const step = steps[name]
  if (step !== undefined) {
    const at = (dialog.at + step + strategies.length) % strategies.length
    return { ...state, dialog: { ...dialog, at } }
  }
  const { from, pool } = dialog
  const strategy = strategies[dialog.at]?.name
  if (name !== 'return' || strategy === undefined) return { ...state, dialog: undefined }
  const question = `pick by ${strategy} in pool ${pool}, no longer by ${from}? Counters are kept`
  return asking(state, { path: '/strategy', body: { strategy, pool }, question })
}

const steps: Readonly<Record<string, number>> = { up: -1, k: -1, down: 1, j: 1 }

function steered(state: TopState, name: string): TopState {
  const step = steps[name]
  if (step !== undefined) return moved(state, step)
  if (name === '?' || name === 'h') return { ...state, dialog: { kind: 'help' } }
  if (name === 'o') {
    const next = (sortKeys.indexOf(state.sort) + 1) % sortKeys.length
    return { ...state, sort: sortKeys[next]! }
  }
  const backend = chosen(state)
  if (backend === undefined) return state
  if (name === 's') return strategyList(state, backend.pool)
  const order = orderFor(name, backend)
  return order === undefined ? state : asking(state, order)
}

function moved(state: TopState, step: number): TopState {
  const all = state.view.pools.flatMap((pool) => sorted(pool, state.sort))
  const now = chosen(state)
  if (now === undefined) return state
  const at = Math.min(Math.max(all.indexOf(now) + step, 0), all.length - 1)
  const next = all.find((_, i) => i === at) ?? now
  return { ...state, selected: keyAt(next) }
}

function strategyList(state: TopState, pool: string): TopState {
  if (state.strategies.length === 0) return { ...state, said: 'it does not tell its strategies' }
  const from = state.view.pools.find(({ name }) => name === pool)?.strategy ?? ''
  const at = Math.max(
    state.strategies.findIndex(({ name }) => name === from),
    0,
  )
  return { ...state, dialog: { kind: 'choose', pool, from, at } }
}

function orderFor(name: string, { pool, view }: TopBackend): Order | undefined {
  const { active, fullWeight, id } = view
  const which = { backend: id, pool }
  if (name === 'd') {
    const finish = active === 0 ? 'it has none' : `it finishes the ${active} it has`
    const question = `drain ${id} (${pool})? It gets no more work; ${finish}`
    return { path: '/drain', body: which, question }
  }
  if (name === 'r') {
    const question = `make ${id} (${pool}) ready? It gets work as soon as it is well`
    return { path: '/ready', body: which, question }
  }
  if (name !== '+' && name !== '-') return undefined
  const weight = name === '+' ? more(fullWeight) : less(fullWeight)
  const question = `give ${id} (${pool}) weight ${weight}, not ${fullWeight}?`
  return { path: '/weight', body: { ...which, weight }, question }
}

/** Whole steps from 1 on, halves below. */
const more = (weight: number): number => (weight < 1 ? Math.min(weight * 2, 1) : weight + 1)
const less = (weight: number): number => (weight > 1 ? Math.max(weight - 1, 1) : weight / 2)

const asking = (state: TopState, order: Order): TopState => ({
  ...state,
  dialog: { kind: 'ask', order },
})

export const keyAt = ({ pool, view }: TopBackend): string => keyOf(pool, view.id)
