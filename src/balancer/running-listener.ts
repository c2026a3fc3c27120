import { formatAddress } from '../base/address.ts'
import type { Log } from '../base/log.ts'
import { createProxy, type Proxy, type ProxyOptions, type Route } from '../proxy.ts'
import type { RunningPool } from './running-pool.ts'
import type { ListenerSpec } from './spec.ts'

export type PoolsByName = ReadonlyMap<string, RunningPool>

/** A listener with its routes. */
export interface RunningListener {
  readonly spec: ListenerSpec
  readonly proxy: Proxy
}

/** What tells whether a listener of a new spec is one that is there: where it listens, and how. */
export const identityOf = ({ address, mode, name }: ListenerSpec): string => {
  const where =
    'port' in address && address.port === 0 ? `any port for ${name}` : formatAddress(address)
  return `${mode} ${where}`
}

/** @throws PilotiError LISTEN, or as `createProxy`. */
export async function openListener(
  spec: ListenerSpec,
  pools: PoolsByName,
  log: Log,
): Promise<RunningListener> {
  const { address, mode } = spec
  return { spec, proxy: await createProxy({ ...proxyOptionsOf(spec, pools), address, mode, log }) }
}

/** What a proxy may be told while it listens. */
export function proxyOptionsOf(
  spec: ListenerSpec,
  pools: PoolsByName,
): Omit<ProxyOptions, 'address' | 'mode' | 'log'> {
  const { name: _name, address: _address, mode: _mode, routes: _routes, ...options } = spec
  return { ...options, routes: routesOf(spec, pools) }
}

function routesOf({ routes }: ListenerSpec, pools: PoolsByName): Route[] {
  return routes.map(({ to, ...conditions }) => ({
    ...conditions,
    to: to.map(({ pool, weight }) => {
      const running = pools.get(pool)!
      const { affinity } = running
      return { destination: { pool: running.pool, ...(affinity && { affinity }) }, weight }
    }),
  }))
}
