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

/** All that it says, or why it says nothing. */
export interface KnownWorkers {
  readonly workers: ReadonlyMap<string, KnownWorker>
  /** For people; empty when it has told. */
  readonly why: string
}

/** The workers that the balancer at `address` knows, by its admin API. */
export async function knownWorkers(asking: Asking, address: Address): Promise<KnownWorkers> {
  const nobody = (why: string): KnownWorkers => ({ workers: new Map(), why })
  try {
    const { body, status } = await ask({ ...asking, timeoutMs }, 'GET', '/status')
    if (status !== 200) return nobody(`the admin API refuses: ${String(body.message)}`)
    const view = body as unknown as BalancerView
    const where = formatAddress(address)
    if (!Object.values(view.listeners).some((each) => each.address === where)) {
      const asked = formatAddress(asking.admin)
      return nobody(
        `the admin API at ${asked} is that of a balancer that does not listen on ${where}`,
      )
    }
    const backends = Object.values(view.pools).flatMap((pool) => pool.backends)
    const workers = new Map(
      backends.map(({ active, health, id, leases }) => [id, { health, active, messages: leases }]),
    )
    return { workers, why: '' }
  } catch (error) {
    return nobody((error as Error).message)
  }
}
