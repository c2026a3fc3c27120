import type { BalancerView } from '../balancer.ts'
import { type Address, formatAddress } from '../base/address.ts'
import { type Asking, ask } from './ask.ts'

/** What a balancer says of a worker. */
export interface KnownWorker {
  readonly health: string
  /** Messages under way. */
  readonly active: number
  /** Messages so far, from all clients. */
  readonly messages: number
}

/** It is a help and no more: nobody waits long for it. */
const timeoutMs = 2_000

/**
 * The workers that the balancer at `address` knows, by its admin API; none when that cannot be reached, or
 * is the one of another balancer.
 */
export async function knownWorkers(
  asking: Asking,
  address: Address,
): Promise<ReadonlyMap<string, KnownWorker>> {
  const view = await viewOf(asking)
  const where = formatAddress(address)
  const isOurs = Object.values(view?.listeners ?? {}).some((each) => each.address === where)
  if (view === undefined || !isOurs) return new Map()
  const backends = Object.values(view.pools).flatMap((pool) => pool.backends)
  return new Map(
    backends.map(({ active, health, id, leases }) => [id, { health, active, messages: leases }]),
  )
}

async function viewOf(asking: Asking): Promise<BalancerView | undefined> {
  try {
    const { body, status } = await ask({ ...asking, timeoutMs }, 'GET', '/status')
    return status === 200 ? (body as unknown as BalancerView) : undefined
  } catch {
    return undefined
  }
}
