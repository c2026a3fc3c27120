import { suggest } from '../../base/suggest.ts'
import type { ListenerKeys, RouteKeys } from '../file.ts'
import type { Meant, Model } from '../model.ts'
import type { Finding, IsBroken, Path } from '../problem.ts'

/** What is wrong with the ways from listeners to pools. @param pools the names of all, also of broken ones */
export function routeRules(model: Model, pools: readonly string[], isBroken: IsBroken): Finding[] {
  return model.listeners.flatMap((listener) => {
    const { routes } = listener.keys
    if (routes === undefined) return isBroken(listener.path) ? [] : destination(listener, pools)
    const path = listener.at('routes')
    return routes.flatMap((route, i) => ofRoute(route, [...path, i], pools))
  })
}

/** Routes that no request comes to, because an earlier one takes them all. */
export function unreachableRoutes({ listeners }: Model): Finding[] {
  return listeners.flatMap((listener) => {
    const { routes = [] } = listener.keys
    const path = listener.at('routes')
    return routes.flatMap((route, i) => unreachable(route, routes.slice(0, i), path))
  })
}

/** Pools that no listener gives work to. */
export function unusedPools(model: Model): Finding[] {
  const used = new Set(model.listeners.flatMap((listener) => poolsOf(listener, model)))
  return model.pools
    .filter(({ name, path }) => !used.has(name) && path.length > 0)
    .map(({ name, path }) => {
      const message = `no route leads to pool '${name}'`
      return { path, isOfKey: true, severity: 'warning', message }
    })
}

/** The pools that a listener gives work to. */
export function poolsOf({ keys }: Meant<ListenerKeys>, { pools }: Model): string[] {
  const only = pools.length === 1 ? pools[0]!.name : undefined
  const routes = keys.routes ?? [{}]
  return routes.flatMap((route: RouteKeys) => {
    const pool = route.pool ?? keys.pool ?? only
    return route.split?.map((share) => share.pool) ?? (pool === undefined ? [] : [pool])
  })
}

/** Of a listener without routes. */
function destination(listener: Meant<ListenerKeys>, pools: readonly string[]): Finding[] {
  const { keys, name, path } = listener
  if (keys.pool !== undefined) return known(keys.pool, listener.at('pool'), pools)
  if (pools.length < 2) return []
  const message = `listener '${name}' does not say which of ${pools.length} pools gets its work`
  const suggestion = `write pool: ${pools[0]}, or routes`
  return [{ path, isOfKey: true, message, suggestion }]
}

function ofRoute(route: RouteKeys, path: Path, pools: readonly string[]): Finding[] {
  const { pool, split, stripPrefix } = route
  const findings: Finding[] = []
  if (stripPrefix === true && (route.path === undefined || route.path === '/')) {
    const message = 'stripPrefix takes path off, and there is none'
    findings.push({
      path: [...path, 'stripPrefix'],
      isOfKey: true,
      message,
      suggestion: 'write path: /PREFIX',
    })
  }
  if (pool !== undefined && split !== undefined) {
    const message = 'pool and split cannot both be given: split names all its pools'
    findings.push({ path: [...path, 'pool'], isOfKey: true, message })
  }
  if (pool !== undefined) return [...findings, ...known(pool, [...path, 'pool'], pools)]
  if (split !== undefined) return [...findings, ...ofSplit(split, [...path, 'split'], pools)]
  if (pools.length < 2) return findings
  const message = `this route does not say which of ${pools.length} pools gets its requests`
  return [...findings, { path, message, suggestion: `write pool: ${pools[0]}` }]
}

function ofSplit(
  split: NonNullable<RouteKeys['split']>,
  path: Path,
  pools: readonly string[],
): Finding[] {
  const findings: Finding[] = []
  if (split.every(({ weight }) => weight === 0)) {
    const message = 'all weights of this split are 0: it leads nowhere'
    findings.push({ path, isOfKey: true, message, suggestion: 'give one of them a weight above 0' })
  }
  for (const [i, { pool }] of split.entries()) {
    findings.push(...known(pool, [...path, i, 'pool'], pools))
    const first = split.findIndex((share) => share.pool === pool)
    if (first === i) continue
    const message = `pool '${pool}' is in this split already, in line %LINE%`
    findings.push({ path: [...path, i, 'pool'], message, other: [...path, first, 'pool'] })
  }
  return findings
}

function known(pool: string, path: Path, pools: readonly string[]): Finding[] {
  if (pools.includes(pool) || pools.length === 0) return []
  const nearest = suggest(pool, pools)
  const suggestion =
    nearest === undefined ? `one of ${pools.join(', ')}` : `did you mean ${nearest}?`
  return [{ path, message: `unknown pool '${pool}'`, suggestion }]
}

function unreachable(route: RouteKeys, before: readonly RouteKeys[], routes: Path): Finding[] {
  const first = before.findIndex((earlier) => covers(earlier, route))
  if (first === -1) return []
  const message = 'no request comes here: the route in line %LINE% fits all that this one fits'
  const suggestion = 'put the one that fits less first'
  const path = [...routes, before.length]
  return [{ path, message, suggestion, other: [...routes, first] }]
}

const hostsOf = ({ host, hosts = [] }: RouteKeys): readonly string[] =>
  [...(host === undefined ? [] : [host]), ...hosts].map((one) =>
    one.toLowerCase().replace(/\.$/, ''),
  )

/** Whether `a` fits every request that `b` fits. */
function covers(a: RouteKeys, b: RouteKeys): boolean {
  const [mine, its] = [hostsOf(a), hostsOf(b)]
  const hasHosts =
    mine.length === 0 || (its.length > 0 && its.every((host) => mine.some(fits(host))))
  const [path, below] = [a.path ?? '/', b.path ?? '/']
  const hasPath = path === '/' || below === path || below.startsWith(`${path}/`)
  const theirs = new Map(Object.entries(b.headers ?? {}).map(([k, v]) => [k.toLowerCase(), v]))
  const hasHeaders = Object.entries(a.headers ?? {}).every(([name, value]) => {
    const other = theirs.get(name.toLowerCase())
    return other !== undefined && (value === '' || value === other)
  })
  return hasHosts && hasPath && hasHeaders
}

/** Whether a host of a route takes in `host`, which may be for all below a name itself. */
function fits(host: string): (pattern: string) => boolean {
  return (pattern) => {
    if (pattern === host) return true
    return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) && host !== pattern.slice(1)
  }
}
