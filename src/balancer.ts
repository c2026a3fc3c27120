import { checkSpec } from './balancer/check.ts'
import { Fleet } from './balancer/fleet.ts'
import type { BalancerSpec } from './balancer/spec.ts'
import { type Log, silent } from './base/log.ts'
import type { Pool, PoolView } from './pool/pool.ts'
import type { Proxy, ProxyView } from './proxy.ts'

export type * from './balancer/spec.ts'
export { isStrategyFile, loadStrategy } from './balancer/strategy-file.ts'

export interface BalancerOptions {
  readonly log?: Log
  /** How long a listener that goes lets the work under way finish. */
  readonly graceMs?: number
}

/** A read-only copy of all that a balancer does and has done, by the names of the spec. */
export interface BalancerView {
  readonly listeners: Readonly<Record<string, ProxyView>>
  readonly pools: Readonly<Record<string, PoolView>>
}

/** Listeners and pools that run as a spec says, and follow when it changes. */
export interface Balancer {
  /** What it runs now. */
  readonly spec: BalancerSpec
  readonly pools: ReadonlyMap<string, Pool>
  readonly listeners: ReadonlyMap<string, Proxy>
  /**
   * Makes it as `spec` says, all or nothing. What stays the same is not touched: its counters, response times,
   * ejections, connections and tunnels go on.
   *
   * @returns what was changed, a line each: `+ backend 10.0.0.4:80 (pool api)`; none if nothing was.
   * @throws PilotiError or RangeError when that cannot be; everything is as before then.
   */
  apply(spec: BalancerSpec): Promise<readonly string[]>
  /** What `apply` would change. @throws as `apply`. */
  plan(spec: BalancerSpec): Promise<readonly string[]>
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
  const { log = silent, graceMs = 30_000 } = options
  const fleet = new Fleet(log, graceMs)
  let running = spec
  let last: Promise<unknown> = Promise.resolve()
  /** One after the other: two changes at a time would plan from the same past. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
  const change = (next: BalancerSpec, commits: boolean): Promise<readonly string[]> =>
    inTurn(async () => {
      checkSpec(next)
      const step = await fleet.prepare(next, commits)
      if (!commits) {
        step.abort()
        return step.plan
      }
      step.commit()
      running = next
      return step.plan
    })
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
    view: () => fleet.view(),
    close: (grace) => inTurn(() => fleet.close(grace ?? graceMs)),
  }
}
