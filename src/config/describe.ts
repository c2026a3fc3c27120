import { isAbsolute, resolve } from 'node:path'
import {
  type BalancerSpec,
  isStrategyFile,
  type ListenerSpec,
  type PoolSpec,
  type RouteSpec,
  type SourceSpec,
} from '../balancer.ts'
import type { Address } from '../base/address.ts'
import { createStrategy } from '../strategies/index.ts'
import {
  type AccessLogKeys,
  type DiscoverKeys,
  type HttpKeys,
  httpNames,
  type LinesKeys,
  type ListenerKeys,
  linesNames,
  type PoolKeys,
  type RouteKeys,
} from './file.ts'
import { type Meant, type Model, usualListen } from './model.ts'

/** The spec that a file means. @param folder of the file: what paths in it are relative to */
export function specOf({ listeners, pools }: Model, folder: string): BalancerSpec {
  const only = pools.length === 1 ? pools[0]!.name : ''
  return {
    listeners: listeners.map((listener) => listenerSpec(listener, only, folder)),
    pools: pools.map((pool) => poolSpec(pool, folder)),
  }
}

function listenerSpec(
  { name, keys }: Meant<ListenerKeys>,
  only: string,
  folder: string,
): ListenerSpec {
  const { listen = usualListen, mode = 'http', routes = [{}], http = {}, lines = {} } = keys
  const options = mode === 'http' ? named(http, httpNames) : {}
  const linesOptions = mode === 'lines' ? named(lines, linesNames) : {}
  return {
    name,
    address: absolute(listen, folder),
    mode,
    routes: routes.map((route) => routeSpec(route, keys.pool ?? only)),
    ...given({
      connectTimeoutMs: keys.connectTimeout,
      retriesMax: keys.retries,
      idleTimeoutMs: keys.idleTimeout,
      connectionsMax: keys.connectionsMax,
    }),
    ...(Object.keys(options).length > 0 && { http: options }),
    ...(Object.keys(linesOptions).length > 0 && { lines: linesOptions }),
  }
}

/** The options that keys stand for. */
function named(keys: HttpKeys | LinesKeys, names: Readonly<Record<string, string>>): object {
  return Object.fromEntries(Object.entries(keys).map(([key, value]) => [names[key], value]))
}

function routeSpec(route: RouteKeys, fallback: string): RouteSpec {
  const { host, hosts = [], path, stripPrefix, headers, pool = fallback, split } = route
  const all = host === undefined ? hosts : [host, ...hosts]
  return {
    ...(all.length > 0 && { hosts: all }),
    ...given({ path, stripPrefix, headers: headers && { ...headers } }),
    to: split ?? [{ pool, weight: 1 }],
  }
}

function poolSpec({ name, keys }: Meant<PoolKeys>, folder: string): PoolSpec {
  const { backends = [], discover = [], strategy = 'round-robin', limits = {} } = keys
  return {
    name,
    backends: backends.map((spec) => ({ ...spec, address: absolute(spec.address, folder) })),
    ...(discover.length > 0 && { sources: discover.map((source) => sourceSpec(source, folder)) }),
    strategy: isStrategyFile(strategy) ? resolve(folder, strategy) : createStrategy(strategy).name,
    ...given({
      affinity: keys.affinity,
      health: keys.health,
      maxConnections: limits.maxConnections,
      queueMax: limits.queue?.max,
      queueTimeoutMs: limits.queue?.timeout,
      slowStartMs: keys.slowStart,
      ejection: keys.ejection,
      failOpen: keys.failOpen,
      drainHonoursAffinity: keys.drainHonoursAffinity,
    }),
  }
}

function sourceSpec(source: DiscoverKeys, folder: string): SourceSpec {
  if ('file' in source) {
    return { kind: 'file', path: resolve(folder, source.file), ...given({ port: source.port }) }
  }
  const { port, server } = source
  if ('srv' in source) return { kind: 'srv', name: source.srv, ...given({ port, server }) }
  return { kind: 'dns', name: source.dns, port: source.port, ...given({ server }) }
}

/** Unix sockets are named relative to the file, as all paths in it. */
export function absolute(address: Address, folder: string): Address {
  if (!('path' in address) || isAbsolute(address.path)) return address
  return { path: resolve(folder, address.path) }
}

/** The same for an access log; `-` is no path. */
export function absoluteLog(keys: AccessLogKeys, folder: string): AccessLogKeys {
  return keys.file === '-' ? keys : { ...keys, file: resolve(folder, keys.file) }
}

type Given<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Without what is undefined. */
function given<T extends object>(values: T): Given<T> {
  const set = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(set) as Given<T>
}
