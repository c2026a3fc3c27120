import { formatAddress } from '../base/address.ts'
import type { Log } from '../base/log.ts'
import type { Pool, PoolView } from '../pool/pool.ts'
import type { Proxy, ProxyView } from '../proxy.ts'
import {
  identityOf,
  openListener,
  type PoolsByName,
  proxyOptionsOf,
  type RunningListener,
} from './running-listener.ts'
import { differs, RunningPool, type Step } from './running-pool.ts'
import type { BalancerSpec, ListenerSpec } from './spec.ts'

/** All pools and listeners that run, and how to change them all or not at all. */
export class Fleet {
  readonly #log: Log
  readonly #graceMs: number
  #pools: PoolsByName = new Map()
  /** By identity. */
  #listeners: ReadonlyMap<string, RunningListener> = new Map()
  /** Listeners that were removed and let their work finish. */
  readonly #closing = new Set<Promise<number>>()
  readonly #retired = new WeakSet<RunningListener>()

  constructor(log: Log, graceMs: number) {
    this.#log = log
    this.#graceMs = graceMs
  }

  get pools(): ReadonlyMap<string, Pool> {
    return new Map([...this.#pools].map(([name, { pool }]) => [name, pool]))
  }

  get listeners(): ReadonlyMap<string, Proxy> {
    return new Map([...this.#listeners.values()].map(({ spec, proxy }) => [spec.name, proxy]))
  }

  view(): { listeners: Record<string, ProxyView>; pools: Record<string, PoolView> } {
    return {
      listeners: Object.fromEntries(
        [...this.listeners].map(([name, proxy]) => [name, proxy.view()]),
      ),
      pools: Object.fromEntries([...this.pools].map(([name, pool]) => [name, pool.view()])),
    }
  }

  /**
   * Does everything that can fail.
   *
   * @param opens whether listeners may be opened; without, only a plan is made.
   */
  async prepare(spec: BalancerSpec, opens: boolean): Promise<Step> {
    const undo: (() => void)[] = []
    const abort = (): void => {
      for (const back of undo.reverse()) back()
    }
    try {
      return await this.#prepare(spec, opens, undo, abort)
    } catch (error) {
      abort()
      throw error
    }
  }

  async close(graceMs: number): Promise<number> {
    const closing = [...this.#listeners.values()].map(({ proxy }) => proxy.close(graceMs))
    const broken = await Promise.all([...closing, ...this.#closing])
    for (const pool of this.#pools.values()) pool.close()
    return broken.reduce((sum, count) => sum + count, 0)
  }

  async #prepare(
    spec: BalancerSpec,
    opens: boolean,
    undo: (() => void)[],
    abort: () => void,
  ): Promise<Step> {
    const steps: Step[] = []
    const pools = new Map<string, RunningPool>()
    for (const poolSpec of spec.pools) {
      const known = this.#pools.get(poolSpec.name)
      const pool = known ?? (await RunningPool.open(poolSpec, this.#log))
      pools.set(poolSpec.name, pool)
      if (known === undefined) undo.push(() => pool.close())
      else {
        const step = await known.prepare(poolSpec)
        steps.push(step)
        undo.push(() => step.abort())
      }
    }
    const gone = [...this.#pools.values()].filter(({ name }) => !pools.has(name))
    const listeners = await this.#prepareListeners(spec.listeners, pools, opens, undo)
    return {
      plan: [
        ...[...pools.keys()]
          .filter((name) => !this.#pools.has(name))
          .map((name) => `+ pool ${name}`),
        ...gone.map(({ name }) => `- pool ${name}`),
        ...steps.flatMap(({ plan }) => plan),
        ...listeners.plan,
      ],
      commit: () => {
        for (const step of steps) step.commit()
        this.#pools = pools
        listeners.commit()
        for (const pool of gone) pool.close()
      },
      abort,
    }
  }

  async #prepareListeners(
    specs: readonly ListenerSpec[],
    pools: PoolsByName,
    opens: boolean,
    undo: (() => void)[],
  ): Promise<Omit<Step, 'abort'>> {
    const wanted = new Map(specs.map((spec) => [identityOf(spec), spec]))
    const gone = [...this.#listeners].filter(([id]) => !wanted.has(id)).map(([, old]) => old)
    const added = [...wanted].filter(([id]) => !this.#listeners.has(id))
    const kept = [...wanted].filter(([id]) => this.#listeners.has(id))
    const changed = kept.filter(([id, spec]) => differs(spec, this.#listeners.get(id)!.spec))
    const next = new Map<string, RunningListener>()
    if (opens) {
      for (const [id, spec] of added) {
        await this.#makeRoom(spec, gone, undo)
        const listener = await openListener(spec, pools, this.#log)
        undo.push(() => void listener.proxy.close(0))
        next.set(id, listener)
      }
      for (const [id, spec] of changed) {
        const { proxy, spec: before } = this.#listeners.get(id)!
        proxy.update(proxyOptionsOf(spec, pools))
        undo.push(() => proxy.update(proxyOptionsOf(before, this.#pools)))
      }
    }
    const where = ({ address, name }: ListenerSpec): string => `${name} ${formatAddress(address)}`
    return {
      plan: [
        ...added.map(([, spec]) => `+ listener ${where(spec)}`),
        ...gone.map(({ spec }) => `- listener ${where(spec)}`),
        ...changed.map(([, spec]) => `~ listener ${where(spec)}`),
      ],
      commit: () => {
        for (const [id, spec] of kept) next.set(id, { spec, proxy: this.#listeners.get(id)!.proxy })
        // The pools are as the spec says only now, with what keeps clients on their backends.
        for (const { proxy, spec } of next.values()) proxy.update(proxyOptionsOf(spec, pools))
        for (const listener of gone) this.#retire(listener)
        this.#listeners = next
      },
    }
  }

  /** Two modes, or two hosts, of one port: the old listener must go first, and comes back on failure. */
  async #makeRoom(
    spec: ListenerSpec,
    gone: readonly RunningListener[],
    undo: (() => void)[],
  ): Promise<void> {
    const old = gone.find((listener) => placeOf(listener.spec) === placeOf(spec))
    if (old === undefined) return
    this.#retire(old)
    undo.push(() => {
      openListener(old.spec, this.#pools, this.#log).then(
        (again) => {
          this.#listeners = new Map([...this.#listeners, [identityOf(old.spec), again]])
        },
        (error: Error) => this.#log.error('listen_lost', error.message),
      )
    })
  }

  #retire(listener: RunningListener): void {
    if (this.#retired.has(listener)) return
    this.#retired.add(listener)
    const { proxy } = listener
    const closing = proxy.close(this.#graceMs)
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }
}

/** What two listeners cannot both have. */
const placeOf = ({ address }: ListenerSpec): string =>
  'path' in address ? address.path : String(address.port || '')
