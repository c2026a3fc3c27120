import type { BackendEdit } from './balancer/backend-edit.ts'
import { checkSpec } from './balancer/check.ts'
import { Fleet } from './balancer/fleet.ts'
import { merged } from './balancer/merged.ts'
import type {
  AffinitySpec,
  BalancerSpec,
  HealthSpec,
  ListenerSpec,
  PoolSpec,
  RouteSpec,
  SourceSpec,
} from './balancer/spec.ts'
import { isStrategyFile, loadStrategy, strategyFileFault } from './balancer/strategy-file.ts'
import { PilotiError } from './base/errors.ts'
import { type Log, silent } from './base/log.ts'
import type { Pool, PoolView } from './pool/pool.ts'
import type { AccessLog, Proxy, ProxyView } from './proxy.ts'

export type {
  AffinitySpec,
  BackendEdit,
  BalancerSpec,
  HealthSpec,
  ListenerSpec,
  PoolSpec,
  RouteSpec,
  SourceSpec,
}
export { isStrategyFile, loadStrategy, merged, strategyFileFault }

export interface BalancerOptions {
  readonly log?: Log
  /** How long a listener that goes lets the work under way finish. */
  readonly graceMs?: number
  /** Of all listeners. Who opened it closes it. */
  readonly accessLog?: AccessLog
}

/** A listener without its pools, which it may share with others. */
export type ListenerView = Omit<ProxyView, 'pool' | 'pools'>

/** A read-only copy of all that a balancer does and has done, by the names of the spec. */
export interface BalancerView {
  readonly listeners: Readonly<Record<string, ListenerView>>
  readonly pools: Readonly<Record<string, PoolView>>
}

/** What is to run, or how to get there from what runs when its turn has come. */
export type NextSpec =
  | BalancerSpec
  | ((running: BalancerSpec) => BalancerSpec | Promise<BalancerSpec>)

/** Listeners and pools that run as a spec says, and follow when it changes. */
export interface Balancer {
  /** What it runs now. */
  readonly spec: BalancerSpec
  readonly pools: ReadonlyMap<string, Pool>
  readonly listeners: ReadonlyMap<string, Proxy>
  /**
   * Makes it as `next` says, all or nothing, one call after the other. What stays the same is not touched: its
   * counters, response times, ejections, connections and tunnels go on.
   *
   * @returns what was changed, a line each: `+ backend 10.0.0.4:80 (pool api)`; none if nothing was.
   * @throws PilotiError or RangeError when that cannot be, CLOSED after `close`; everything is as before then.
   */
  apply(next: NextSpec): Promise<readonly string[]>
  /** What `apply` would change. Nobody is probed and nothing listens. @throws as `apply`, but for taken ports. */
  plan(next: NextSpec): Promise<readonly string[]>
  view(): BalancerView
  /**
   * Stops accepting, waits for the work under way, and breaks off what is left after the grace.
   *
   * @returns how many connections were broken off.
   */
  close(graceMs?: number): Promise<number>
}

/**
 * Finds the backends, asks whether they are well, and only then listens.
 *
 * @throws PilotiError LISTEN, CONFIG, STRATEGY_UNKNOWN … or RangeError; nothing runs then.
 */
export async function createBalancer(
  spec: BalancerSpec,
  options: BalancerOptions = {},
): Promise<Balancer> {
  const { log = silent, graceMs = 30_000, accessLog } = options
  const fleet = new Fleet(log, graceMs, accessLog)
  let running = spec
  let isClosing = false
  let last: Promise<unknown> = Promise.resolve()
  /** One after the other: two changes at a time would plan from the same past. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
  const change = async (wanted: NextSpec, commits: boolean): Promise<readonly string[]> => {
    if (isClosing) throw new PilotiError('CLOSED', 'the balancer is closed, or about to be')
    return inTurn(async () => {
      const next = typeof wanted === 'function' ? await wanted(running) : wanted
      checkSpec(next)
      const step = await fleet.prepare(next, commits)
      if (commits) {
        step.commit()
        running = next
      } else await step.abort()
      return step.plan
    })
  }
  await change(spec, true)
  return {
    get spec() {
      return running
    },
    get pools() {
      return fleet.pools
    },
    get listeners() {
      return fleet.listeners
    },
    apply: (next) => change(next, true),
    plan: (next) => change(next, false),
    view: () => ({
      listeners: viewsOf(fleet.listeners, (proxy) => {
        const { pool: _first, pools: _all, ...view } = proxy.view()
        return view
      }),
      pools: viewsOf(fleet.pools, (pool) => pool.view()),
    }),
    close(grace = graceMs) {
      isClosing = true
      return inTurn(() => fleet.close(grace))
    },
  }
}

function viewsOf<T, V>(things: ReadonlyMap<string, T>, view: (thing: T) => V): Record<string, V> {
  return Object.fromEntries([...things].map(([name, thing]) => [name, view(thing)]))
}
