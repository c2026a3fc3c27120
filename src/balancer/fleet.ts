import { formatAddress } from '../base/address.ts'
import { type Log, silent } from '../base/log.ts'
import type { Pool } from '../pool/pool.ts'
import type { AccessLog, Proxy } from '../proxy.ts'
import { differs } from './differs.ts'
import {
  checkListener,
  collides,
  identityOf,
  type ListenerLogs,
  openListener,
  type PoolsByName,
  type RunningListener,
  settingsOf,
} from './running-listener.ts'
import { RunningPool, type Step } from './running-pool.ts'
import type { BalancerSpec, ListenerSpec, PoolSpec } from './spec.ts'

/** What would change, and how to make it so, which cannot fail, or to let it be. */
export interface FleetStep {
  readonly plan: readonly string[]
  commit(): void
  abort(): Promise<void>
}

/** How to take back what has been done, step by step. */
type Undo = (() => unknown)[]

interface PoolsStep {
  readonly next: PoolsByName
  readonly added: readonly RunningPool[]
  readonly gone: readonly RunningPool[]
  readonly steps: readonly Step[]
}

interface ListenersStep {
  readonly added: readonly ListenerSpec[]
  readonly gone: readonly RunningListener[]
  readonly changed: readonly ListenerSpec[]
  readonly kept: readonly ListenerSpec[]
}

/** All pools and listeners that run, and how to change them all or not at all. */
export class Fleet {
  readonly #log: Log
  readonly #graceMs: number
  readonly #accessLog: AccessLog | undefined
  #pools: PoolsByName = new Map()
  /** By identity. */
  #listeners: ReadonlyMap<string, RunningListener> = new Map()
  /** Those that were removed and let their work finish. */
  readonly #leaving = new Set<RunningListener>()

  constructor(log: Log, graceMs: number, accessLog: AccessLog | undefined) {
    this.#accessLog = accessLog
    this.#log = log
    this.#graceMs = graceMs
  }

  get pools(): ReadonlyMap<string, Pool> {
    return new Map([...this.#pools].map(([name, { pool }]) => [name, pool]))
  }

  get listeners(): ReadonlyMap<string, Proxy> {
    return new Map([...this.#listeners.values()].map(({ spec, proxy }) => [spec.name, proxy]))
  }

  /**
   * Does everything that can fail.
   *
   * @param opens whether to probe and to listen; without, a plan is all that can be made of it.
   * @throws what cannot be; everything is as before then.
   */
  async prepare(spec: BalancerSpec, opens: boolean): Promise<FleetStep> {
    const undo: Undo = []
    const abort = async (): Promise<void> => {
      for (const back of undo.splice(0).reverse()) await back()
    }
    try {
      const pools = await this.#preparePools(spec.pools, opens ? this.#log : silent, undo)
      const listeners = this.#compareListeners(spec.listeners)
      for (const listener of spec.listeners) checkListener(listener, pools.next)
      const plan = [...poolLines(pools), ...listenerLines(listeners)]
      if (!opens) return { plan, commit: () => {}, abort }
      await Promise.all(pools.added.map((pool) => pool.open()))
      const opened = await this.#openListeners(listeners, pools.next, undo)
      return { plan, commit: () => this.#commit(pools, listeners, opened), abort }
    } catch (error) {
      await abort()
      throw error
    }
  }

  get #logs(): ListenerLogs {
    return { log: this.#log, ...(this.#accessLog && { accessLog: this.#accessLog }) }
  }

  /** @returns how many connections were broken off. */
  async close(graceMs: number): Promise<number> {
    const all = [...this.#listeners.values(), ...this.#leaving]
    const closed = await Promise.allSettled(all.map(({ proxy }) => proxy.close(graceMs)))
    for (const pool of this.#pools.values()) pool.close()
    return valuesOf(closed).reduce((sum, count) => sum + count, 0)
  }

  async #preparePools(specs: readonly PoolSpec[], log: Log, undo: Undo): Promise<PoolsStep> {
    const prepared = specs.map(async (spec) => {
      const known = this.#pools.get(spec.name)
      if (known === undefined) {
        const pool = await RunningPool.find(spec, log)
        undo.push(() => pool.close())
        return { pool }
      }
      const step = await known.prepare(spec, log)
      undo.push(() => step.abort())
      return { pool: known, step }
    })
    // All at a time, since each may wait; and none is left behind when another one cannot be.
    const all = valuesOf(await Promise.allSettled(prepared))
    const next = new Map(all.map(({ pool }) => [pool.name, pool]))
    return {
      next,
      added: all.flatMap(({ pool, step }) => (step === undefined ? [pool] : [])),
      gone: [...this.#pools.values()].filter(({ name }) => !next.has(name)),
      steps: all.flatMap(({ step }) => step ?? []),
    }
  }

  #compareListeners(specs: readonly ListenerSpec[]): ListenersStep {
    const wanted = new Set(specs.map(identityOf))
    const before = (spec: ListenerSpec): RunningListener | undefined =>
      this.#listeners.get(identityOf(spec))
    const kept = specs.filter((spec) => before(spec) !== undefined)
    return {
      added: specs.filter((spec) => before(spec) === undefined),
      gone: [...this.#listeners].filter(([id]) => !wanted.has(id)).map(([, old]) => old),
      kept,
      changed: kept.filter((spec) => differs(spec, before(spec)?.spec)),
    }
  }

  async #openListeners(
    { added, gone, kept }: ListenersStep,
    pools: PoolsByName,
    undo: Undo,
  ): Promise<RunningListener[]> {
    const inTheWay = (spec: ListenerSpec): RunningListener[] =>
      gone.filter((old) => collides(old.spec.address, spec.address))
    // Those that need the place of another one come last: nothing but they can fail then.
    const free = added.filter((spec) => inTheWay(spec).length === 0)
    const others = added.filter((spec) => !free.includes(spec))
    const opened: RunningListener[] = []
    for (const spec of [...free, ...others]) {
      for (const old of inTheWay(spec)) this.#makeRoom(old, undo)
      const listener = await openListener(spec, pools, this.#logs, added.length + kept.length)
      undo.push(() => listener.proxy.close(0))
      opened.push(listener)
    }
    return opened
  }

  /** Two modes, or two hosts, of one port: the old listener must go first, and comes back on failure. */
  #makeRoom(old: RunningListener, undo: Undo): void {
    if (this.#leaving.has(old)) return
    this.#retire(old)
    this.#listeners = new Map([...this.#listeners].filter(([, listener]) => listener !== old))
    undo.push(async () => {
      try {
        const again = await openListener(
          old.spec,
          this.#pools,
          this.#logs,
          this.#listeners.size + 1,
        )
        this.#listeners = new Map([...this.#listeners, [identityOf(old.spec), again]])
      } catch (error) {
        const { name: listener } = old.spec
        this.#log.error('listen_lost', `listener ${listener} is gone: ${error}`, { listener })
      }
    })
  }

  #commit(pools: PoolsStep, listeners: ListenersStep, opened: readonly RunningListener[]): void {
    for (const step of pools.steps) step.commit()
    this.#pools = pools.next
    const kept = listeners.kept.map((spec) => {
      return { spec, proxy: this.#listeners.get(identityOf(spec))!.proxy }
    })
    const all = [...kept, ...opened]
    // The pools are as the spec says only now, with what keeps clients on their backends.
    for (const { spec, proxy } of all) {
      proxy.update(settingsOf(spec, pools.next, all.length))
    }
    for (const listener of listeners.gone) this.#retire(listener)
    this.#listeners = new Map(all.map((listener) => [identityOf(listener.spec), listener]))
    for (const pool of pools.gone) pool.close()
  }

  #retire(listener: RunningListener): void {
    if (this.#leaving.has(listener)) return
    this.#leaving.add(listener)
    const forget = (): void => void this.#leaving.delete(listener)
    listener.proxy.close(this.#graceMs).then(forget, forget)
  }
}

function poolLines({ added, gone, steps }: PoolsStep): string[] {
  return [
    ...added.map(({ name }) => `+ pool ${name}`),
    ...gone.map(({ name }) => `- pool ${name}`),
    ...steps.flatMap(({ plan }) => plan),
  ]
}

function listenerLines({ added, gone, changed }: ListenersStep): string[] {
  const lineOf = ({ address, mode, name }: ListenerSpec): string =>
    `listener ${name}: ${mode} on ${formatAddress(address)}`
  return [
    ...added.map((spec) => `+ ${lineOf(spec)}`),
    ...gone.map(({ spec }) => `- ${lineOf(spec)}`),
    ...changed.map((spec) => `~ ${lineOf(spec)}`),
  ]
}

/** @throws the first reason of those that failed. */
function valuesOf<T>(results: readonly PromiseSettledResult<T>[]): T[] {
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason
    return result.value
  })
}
