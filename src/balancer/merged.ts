import { formatAddress } from '../base/address.ts'
import { type BackendSpec, complete } from '../pool/backend.ts'
import { differs } from './differs.ts'
import type { BalancerSpec, PoolSpec } from './spec.ts'

/**
 * What is to run after a reload: what was ordered at run time stays until the description says something else
 * about that very thing.
 *
 * Only what is different between the descriptions is applied to what runs: pools by name, their settings one by
 * one, backends by address, and of a backend each value. Listeners take no orders: they are as described.
 *
 * @param before what was described when it was loaded last.
 * @param described what is described now.
 * @param running what runs, orders included.
 */
export function merged(
  before: BalancerSpec,
  described: BalancerSpec,
  running: BalancerSpec,
): BalancerSpec {
  const pools = described.pools.map((pool) => {
    const [old, now] = [before, running].map(({ pools }) =>
      pools.find(({ name }) => name === pool.name),
    )
    return old === undefined || now === undefined ? pool : mergedPool(old, pool, now)
  })
  return { ...described, pools }
}

function mergedPool(before: PoolSpec, described: PoolSpec, running: PoolSpec): PoolSpec {
  const backends = mergedBackends(before.backends, described.backends, running.backends)
  return { ...mergedKeys(before, described, running), backends }
}

type Backends = readonly BackendSpec[]

function mergedBackends(before: Backends, described: Backends, running: Backends): BackendSpec[] {
  const [old, next, now] = [byId(before), byId(described), byId(running)]
  // One that is named twice is to be refused, not to be mended here.
  if (next.size < described.length) return [...described]
  // `n-to-1` picks by order: as it runs, unless the description has another one.
  const isOrderNew = differs([...old.keys()], [...next.keys()])
  const ids = new Set(
    isOrderNew ? [...next.keys(), ...now.keys()] : [...now.keys(), ...next.keys()],
  )
  return [...ids].flatMap((id) => mergedBackend(old.get(id), next.get(id), now.get(id)) ?? [])
}

/** Undefined is one that is not there. */
function mergedBackend(
  before: BackendSpec | undefined,
  described: BackendSpec | undefined,
  running: BackendSpec | undefined,
): BackendSpec | undefined {
  if (!differs(before, described)) return running
  const isOnAll = before !== undefined && described !== undefined && running !== undefined
  return isOnAll ? mergedKeys(before, described, running) : described
}

/** Each value as described where that is new, and as it runs where it is not. */
function mergedKeys<T extends object>(before: T, described: T, running: T): T {
  const keys = Object.keys({ ...described, ...running }) as (keyof T)[]
  const entries = keys.map((key) => {
    return [key, differs(before[key], described[key]) ? described[key] : running[key]]
  })
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as T
}

/** With what is left out, for leaving a default out is no other description. */
function byId(backends: Backends): Map<string, BackendSpec> {
  return new Map(backends.map((spec) => [formatAddress(spec.address), complete(spec)]))
}
