import { type Balancer, isStrategyFile, type PoolSpec } from '../balancer.ts'
import { formatAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import { suggest } from '../base/suggest.ts'
import { parseBackend } from '../discovery/static.ts'
import type { BackendSpec } from '../pool/backend.ts'
import type { Pool, PoolView } from '../pool/pool.ts'
import type { BackendView } from '../pool/view.ts'
import { createStrategy } from '../strategies/index.ts'

/** Which backend is meant; of which pool, if there are several. */
export interface Named {
  readonly backend: string
  readonly pool?: string | undefined
}

export interface Added extends Named {
  readonly weight?: number | undefined
  readonly maxConnections?: number | undefined
}

/** What an order has changed, a line each. */
export interface Changed {
  readonly changes: readonly string[]
}

/** The name of the pool that is meant. @throws PilotiError ADMIN_UNKNOWN */
export function poolOf({ pools }: Balancer, name: string | undefined): string {
  const known = [...pools.keys()]
  if (name === undefined && known.length === 1) return known[0]!
  if (name === undefined) {
    throw new PilotiError(
      'ADMIN_UNKNOWN',
      `there are several pools: name one of ${known.join(', ')}`,
    )
  }
  if (pools.has(name)) return name
  throw new PilotiError('ADMIN_UNKNOWN', `unknown pool '${name}': one of ${listed(name, known)}`)
}

/** Changes one backend, at once. @returns what is so now. */
export function steer(
  balancer: Balancer,
  { backend, pool: name }: Named,
  change: (pool: Pool, id: string) => boolean,
  viewOf: (pool: Pool) => PoolView = (pool) => pool.view(),
): BackendView {
  const pool = balancer.pools.get(poolOf(balancer, name))!
  const id = idOf(backend)
  if (!change(pool, id)) throw unknown(pool, backend)
  return viewOf(pool).backends.find((view) => view.id === id)!
}

/** Adds a backend until the configuration says otherwise. @returns what changed. */
export function add(balancer: Balancer, { backend, pool, ...limits }: Added): Promise<Changed> {
  const spec: BackendSpec = { ...parseBackend(backend), ...given(limits) }
  if ('port' in spec.address && spec.address.port === 0) {
    throw new PilotiError('ADDRESS', `'${backend}' has port 0: nobody can connect to that`)
  }
  return applied(balancer, poolOf(balancer, pool), ({ backends }) => ({
    backends: [...backends, spec],
  }))
}

/** Takes a backend out, once it has finished its work. @returns what changed. */
export function remove(balancer: Balancer, { backend, pool: wanted }: Named): Promise<Changed> {
  const name = poolOf(balancer, wanted)
  const id = idOf(backend)
  return applied(balancer, name, ({ backends }) => {
    const pool = balancer.pools.get(name)!
    if (pool.get(id) === undefined) throw unknown(pool, backend)
    const kept = backends.filter(({ address }) => formatAddress(address) !== id)
    if (kept.length < backends.length) return { backends: kept }
    const text = `backend ${id} was found by discovery, which would find it again: drain it`
    throw new PilotiError('ADMIN_ORDER', text)
  })
}

/** Swaps the strategy; counters are kept. @returns what changed. */
export function setStrategy(balancer: Balancer, pool: string, strategy: string): Promise<Changed> {
  return applied(balancer, pool, () => ({
    strategy: isStrategyFile(strategy) ? strategy : createStrategy(strategy).name,
  }))
}

/** Changes what runs when its turn has come: two orders at a time both count. */
async function applied(
  balancer: Balancer,
  name: string,
  change: (before: PoolSpec) => Partial<PoolSpec>,
): Promise<Changed> {
  const changes = await balancer.apply((running) => {
    const pools = running.pools.map((pool) =>
      pool.name === name ? { ...pool, ...change(pool) } : pool,
    )
    return { ...running, pools }
  })
  return { changes }
}

function given({ weight, maxConnections }: Omit<Added, keyof Named>): Partial<BackendSpec> {
  return {
    ...(weight !== undefined && { weight }),
    ...(maxConnections !== undefined && { maxConnections }),
  }
}

/** @returns its id. @throws PilotiError ADMIN_UNKNOWN when `pool` has no such backend. */
export function known(pool: Pool, backend: string): string {
  const id = idOf(backend)
  if (pool.get(id) === undefined) throw unknown(pool, backend)
  return id
}

const idOf = (backend: string): string => formatAddress(parseBackend(backend).address)

function unknown(pool: Pool, backend: string): PilotiError {
  const known = pool.backends.map(({ id }) => id)
  return new PilotiError(
    'ADMIN_UNKNOWN',
    `unknown backend '${backend}': one of ${listed(backend, known)}`,
  )
}

function listed(word: string, known: readonly string[]): string {
  const nearest = suggest(word, known)
  return `${known.join(', ')}${nearest === undefined ? '' : ` (did you mean ${nearest}?)`}`
}
