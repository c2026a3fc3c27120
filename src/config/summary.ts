import type { BalancerSpec, ListenerSpec, PoolSpec, RouteSpec } from '../balancer.ts'
import { formatAddress } from '../base/address.ts'

/** What a spec describes, in lines for people: listeners with their routes, then pools. */
export function summaryOf({ listeners, pools }: BalancerSpec): string[] {
  return [
    ...listeners.flatMap(listenerLines),
    ...pools.map((pool) => `pool ${pool.name}: ${poolText(pool)}`),
  ]
}

function listenerLines({ name, address, mode, routes }: ListenerSpec): string[] {
  const head = `listener ${name}: ${mode} on ${formatAddress(address)}`
  const [only] = routes
  const isSimple = routes.length === 1 && conditions(only!) === everything
  if (isSimple) return [`${head} → ${destinations(only!)}`]
  return [head, ...routes.map((route) => `  ${conditions(route)} → ${destinations(route)}`)]
}

const everything = 'everything'

function conditions({ hosts = [], path, headers = {} }: RouteSpec): string {
  const wanted = Object.entries(headers).map(([name, value]) => `${name}: ${value || '…'}`)
  const places = (hosts.length > 0 ? hosts : ['']).map((host) => `${host}${path ?? ''}`)
  const all = [...places.filter((place) => place !== ''), ...wanted]
  return all.length === 0 ? everything : all.join(', ')
}

function destinations({ to }: RouteSpec): string {
  const total = to.reduce((sum, { weight }) => sum + weight, 0)
  const shares = to.map(({ pool, weight }) => {
    return to.length === 1 ? pool : `${pool} ${Number(((weight / total) * 100).toFixed(1))} %`
  })
  return shares.join(', ')
}

function poolText({ backends, sources = [], strategy, health }: PoolSpec): string {
  const found = sources.map((source) =>
    source.kind === 'file' ? `file ${source.path}` : `${source.kind} ${source.name}`,
  )
  const { length } = backends
  const fixed = length === 0 ? [] : [`${length} backend${length === 1 ? '' : 's'}`]
  const kind = health === 'off' ? health : (health?.kind ?? 'tcp')
  return [...fixed, ...found, strategy, `health ${kind}`].join(', ')
}
