import { type Address, formatAddress } from '../base/address.ts'
import {
  checkSettings,
  createProxy,
  type Proxy,
  type ProxyOptions,
  type ProxySettings,
  type Route,
} from '../proxy.ts'
import type { RunningPool } from './running-pool.ts'
import type { ListenerSpec } from './spec.ts'

export type PoolsByName = ReadonlyMap<string, RunningPool>

/** Whom a listener tells what it does. */
export type ListenerLogs = Pick<ProxyOptions, 'log' | 'accessLog'>

/** A listener with its routes. */
export interface RunningListener {
  readonly spec: ListenerSpec
  readonly proxy: Proxy
}

/** What tells whether a listener of a new spec is one that is there: where it listens, and how. */
export const identityOf = (spec: ListenerSpec): string => `${spec.mode} ${placeOf(spec)}`

/** Where it listens; any port is another one each time. */
export const placeOf = ({ address, name }: ListenerSpec): string =>
  'port' in address && address.port === 0 ? `any port for ${name}` : formatAddress(address)

/** Whether two may be unable to listen at the same time: one port, of hosts that may be one. */
export function collides(a: Address, b: Address): boolean {
  if ('path' in a || 'path' in b) return 'path' in a && 'path' in b && a.path === b.path
  return a.port === b.port && a.port !== 0
}

/** @throws RangeError or PilotiError, as `createProxy` would. */
export function checkListener(spec: ListenerSpec, pools: PoolsByName): void {
  checkSettings(settingsOf(spec, pools, 1), spec.mode)
}

/** @param count how many listeners there will be. @throws PilotiError LISTEN, or as `createProxy`. */
export async function openListener(
  spec: ListenerSpec,
  pools: PoolsByName,
  logs: ListenerLogs,
  count: number,
): Promise<RunningListener> {
  const { address, mode } = spec
  const settings = settingsOf(spec, pools, count)
  return { spec, proxy: await createProxy({ ...settings, address, mode, ...logs }) }
}

/** What a proxy may be told while it listens, one of `listeners`. */
export function settingsOf(
  spec: ListenerSpec,
  pools: PoolsByName,
  listeners: number,
): ProxySettings {
  const { name: _name, address: _address, mode: _mode, routes: _routes, ...options } = spec
  return { ...options, listeners, routes: routesOf(spec, pools) }
}

function routesOf({ routes }: ListenerSpec, pools: PoolsByName): Route[] {
  return routes.map(({ to, ...conditions }) => ({
    ...conditions,
    to: to.map(({ pool, weight }) => {
      const running = pools.get(pool)!
      const { affinity } = running
      const destination = { pool: running.pool, name: pool, ...(affinity && { affinity }) }
      return { destination, weight }
    }),
  }))
}
