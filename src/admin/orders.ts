import type { Balancer, BalancerSpec, PoolSpec } from '../balancer.ts'
import { formatAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import { suggest } from '../base/suggest.ts'
import { parseBackend } from '../discovery/static.ts'
import type { Pool } from '../pool/pool.ts'
import type { BackendView } from '../pool/view.ts'

/** Which backend is meant; of which pool, if there are several. */
export interface Named {
  readonly backend: string
  readonly pool?: string | undefined
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
): BackendView {
  const pool = balancer.pools.get(poolOf(balancer, name))!
  const id = idOf(backend)
  if (!change(pool, id)) throw unknown(pool, backend)
  return pool.view().backends.find((view) => view.id === id)!
}

/** Adds a backend until the next reload. @returns what changed. */
export async function add(
  balancer: Balancer,
  {
    backend,
    pool,
    ...rest
  }: Named & { weight?: number | undefined; maxConnections?: number | undefined },
): Promise<{ changes: readonly string[] }> {
  const name = poolOf(balancer, pool)
  const { weight, maxConnections } = rest
  const spec = {
    ...parseBackend(backend),
    ...(weight !== undefined && { weight }),
    ...(maxConnections !== undefined && { maxConnections }),
  }
  return applied(balancer, name, (before) => ({ backends: [...before.backends, spec] }))
}

/** Takes a backend out, once it has finished its work. @returns what changed. */
export async function remove(
  balancer: Balancer,
  { backend, pool: wanted }: Named,
): Promise<{ changes: readonly string[] }> {
  const name = poolOf(balancer, wanted)
  const pool = balancer.pools.get(name)!
  const id = idOf(backend)
  if (pool.get(id) === undefined) throw unknown(pool, backend)
  const { backends } = specOf(balancer, name)
  const kept = backends.filter(({ address }) => formatAddress(address) !== id)
  if (kept.length === backends.length) {
    const text = `backend ${id} was found by discovery, which would find it again: drain it`
    throw new PilotiError('ADMIN_ORDER', text)
  }
  return applied(balancer, name, () => ({ backends: kept }))
}

/** Swaps the strategy; counters are kept. @returns what changed. */
export function setStrategy(
  balancer: Balancer,
  name: string,
  strategy: string,
): Promise<{ changes: readonly string[] }> {
  return applied(balancer, name, () => ({ strategy }))
}

async function applied(
  balancer: Balancer,
  name: string,
  change: (before: PoolSpec) => Partial<PoolSpec>,
): Promise<{ changes: readonly string[] }> {
  const { spec } = balancer
  const pools = spec.pools.map((pool) => (pool.name === name ? { ...pool, ...change(pool) } : pool))
  const next: BalancerSpec = { ...spec, pools }
  return { changes: await balancer.apply(next) }
}

function specOf({ spec }: Balancer, name: string): PoolSpec {
  return spec.pools.find((pool) => pool.name === name)!
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
