import type { BalancerView } from '../balancer.ts'
import type { BackendView } from '../pool/view.ts'

/** What `GET /status` answers. */
export interface Status extends BalancerView {
  readonly pid: number
}

/** A backend as it does now. */
export interface TopBackend {
  readonly pool: string
  readonly view: BackendView
  readonly perSecond: number
  readonly errorsPerSecond: number
  /** Work per second, the last one last. */
  readonly trend: readonly number[]
}

export interface TopPool {
  readonly name: string
  readonly strategy: string
  readonly queued: number
  readonly isFailOpen: boolean
  readonly backends: readonly TopBackend[]
}

/** What the screen shows of one answer and those before it. */
export interface TopView {
  readonly pid: number
  readonly listeners: readonly string[]
  readonly pools: readonly TopPool[]
  /** What has happened, the last one last. */
  readonly events: readonly string[]
}

const trendMax = 200
const eventsMax = 50

/** Makes rates of counters, and events of what is different, from one answer to the next. */
export class Course {
  readonly #trends = new Map<string, readonly number[]>()
  readonly #events: string[] = []
  #last: { readonly status: Status; readonly atMs: number } | undefined

  /** Something that no answer tells, such as that there is none. */
  note(time: string, sentence: string): void {
    this.#events.push(`${time} ${sentence}`)
    if (this.#events.length > eventsMax) this.#events.shift()
  }

  /** @param atMs of a clock that only goes forward. @param time for people. */
  add(status: Status, atMs: number, time: string): TopView {
    const last = this.#last
    // Another process counts anew.
    const isSame = last?.status.pid === status.pid
    const before = isSame ? last.status : undefined
    const seconds = isSame ? Math.max(atMs - last.atMs, 1) / 1_000 : 1
    if (!isSame) this.#trends.clear()
    if (last !== undefined && !isSame) this.note(time, `another piloti answers: pid ${status.pid}`)
    if (before !== undefined) for (const said of changes(before, status)) this.note(time, said)
    this.#last = { status, atMs }
    const known = new Set<string>()
    const pools = Object.entries(status.pools).map(([name, pool]): TopPool => {
      const older = new Map(own(before?.pools, name)?.backends.map((view) => [view.id, view]))
      const backends = pool.backends.map((view) => {
        const key = keyOf(name, view.id)
        known.add(key)
        return this.#backend(name, view, older.get(view.id), seconds)
      })
      const { strategy, queued, isFailOpen } = pool
      return { name, strategy, queued, isFailOpen, backends }
    })
    for (const key of this.#trends.keys()) if (!known.has(key)) this.#trends.delete(key)
    const listeners = listenersOf(status, before, seconds)
    return { pid: status.pid, listeners, pools, events: [...this.#events] }
  }

  #backend(
    pool: string,
    view: BackendView,
    before: BackendView | undefined,
    seconds: number,
  ): TopBackend {
    const rate = (key: 'leases' | 'failed' | 'errors'): number =>
      before === undefined ? 0 : Math.max(view[key] - before[key], 0) / seconds
    const perSecond = rate('leases')
    const key = keyOf(pool, view.id)
    const trend = [...(this.#trends.get(key) ?? []), perSecond].slice(-trendMax)
    this.#trends.set(key, trend)
    // An answer may be an error, and a failure of its backend as well.
    const errorsPerSecond = Math.max(rate('failed'), rate('errors'))
    return { pool, view, perSecond, errorsPerSecond, trend }
  }
}

/** Names a backend among those of all pools. */
export const keyOf = (pool: string, id: string): string => `${pool} ${id}`

function listenersOf(status: Status, before: Status | undefined, seconds: number): string[] {
  return Object.entries(status.listeners).map(([name, listener]) => {
    const { address, connections, lines, mode } = listener
    const older = own(before?.listeners, name)
    const text = `${name}: ${mode} at ${address}, ${connections.active} connected`
    const [now, then] = [workOf(listener), older && workOf(older)]
    if (now === undefined || then === undefined) return text
    const perSecond = Math.max(now - then, 0) / seconds
    return `${text}, ${Math.round(perSecond)} ${lines === undefined ? 'requests' : 'messages'}/s`
  })
}

function changes(before: Status, after: Status): string[] {
  return Object.entries(after.pools).flatMap(([name, pool]) => {
    const old = own(before.pools, name)
    if (old === undefined) return [`pool ${name} is new`]
    const was = new Map(old.backends.map((view) => [view.id, view]))
    const is = new Set(pool.backends.map(({ id }) => id))
    return [
      ...(old.strategy === pool.strategy ? [] : [`pool ${name} picks by ${pool.strategy}`]),
      ...(pool.isFailOpen && !old.isFailOpen ? [`pool ${name}: none is up, all are tried`] : []),
      ...pool.backends.flatMap((view) => changeOf(view, was.get(view.id), name)),
      ...old.backends.filter(({ id }) => !is.has(id)).map(({ id }) => `${id} (${name}) is gone`),
    ]
  })
}

function changeOf(view: BackendView, before: BackendView | undefined, pool: string): string[] {
  const { fullWeight, health, id, reason } = view
  if (before === undefined) return [`${id} (${pool}) is new`]
  const why = reason === '' ? '' : `: ${reason}`
  return [
    ...(before.health === health ? [] : [`${id} (${pool}) is ${health}${why}`]),
    ...(before.fullWeight === fullWeight ? [] : [`${id} (${pool}) has weight ${fullWeight}`]),
  ]
}

/** What a listener counts besides connections. */
const workOf = ({ http, lines }: Status['listeners'][string]): number | undefined =>
  http?.requests ?? lines?.messages

/** A pool may be called `__proto__`. */
function own<T>(all: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return all !== undefined && Object.hasOwn(all, name) ? all[name] : undefined
}
