import type { BackendEdit, Balancer } from '../balancer.ts'
import { formatAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import { parseBackend } from '../discovery/static.ts'
import { known, type Named, poolOf } from './orders.ts'

/** Writes a change into the configuration and reads it again. @returns what changed. */
export type Persist = (edit: BackendEdit) => Promise<readonly string[]>

/** An order that may be written into the configuration as well. */
export interface Persistent extends Named {
  readonly persist?: boolean | undefined
}

/**
 * Writes an order into the configuration, if that is wanted, before it is done.
 *
 * @returns what has changed by that; undefined when it was not wanted.
 * @throws PilotiError ADMIN_RELOAD without a file, ADMIN_UNKNOWN, and as `Persist`: nothing has changed then.
 */
export async function written(
  balancer: Balancer,
  persist: Persist | undefined,
  order: Persistent,
  edit: Omit<BackendEdit, 'pool' | 'backend'>,
): Promise<readonly string[] | undefined> {
  if (order.persist !== true) return undefined
  if (persist === undefined) {
    throw new PilotiError('ADMIN_RELOAD', 'nothing to write to: it was started without a file')
  }
  const pool = poolOf(balancer, order.pool)
  const { address, maxConnections, weight } = parseBackend(order.backend)
  const backend = formatAddress(address)
  if (edit.what !== 'add') known(balancer.pools.get(pool)!, order.backend)
  const given = edit.what === 'add' ? { maxConnections, weight } : {}
  const said = Object.entries(edit).filter(([, value]) => value !== undefined)
  return persist({ ...given, ...(Object.fromEntries(said) as typeof edit), pool, backend })
}
