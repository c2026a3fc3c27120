import assert from 'node:assert/strict'
import type { BackendSpec } from '../../src/pool/backend.ts'
import type { Lease } from '../../src/pool/lease.ts'
import type { PoolOptions } from '../../src/pool/options.ts'
import { Pool } from '../../src/pool/pool.ts'
import type { Waiter } from '../../src/pool/queue.ts'
import type { BackendView } from '../../src/pool/view.ts'
import { roundRobin } from '../../src/strategies/round-robin.ts'

/** What is special about the backend `h:port`. */
export type Special = Omit<BackendSpec, 'address'>

export const spec = (port: number, special: Special = {}): BackendSpec => ({
  address: { host: 'h', port },
  ...special,
})

export const specs = (...ports: number[]): BackendSpec[] => ports.map((port) => spec(port))

export interface Arena {
  readonly pool: Pool
  readonly clock: { ms: number }
  /** Every transition told: event, backend, reason. */
  readonly told: string[]
  view(port: number): BackendView
  /** A lease of `h:port`. */
  take(port: number): Lease
  /** Whether `h:port` would get work now. */
  isOpen(port: number): boolean
  /** Work that `h:port` took, and failed. */
  fail(port: number, times?: number): void
  /** Work that `h:port` did not take. */
  refuse(port: number): void
}

/** A pool of `h:1` … `h:count` with a clock of its own, and no jitter in its pauses. */
export function arena(count: number, options: PoolOptions = {}): Arena {
  const clock = { ms: 0 }
  const ports = Array.from({ length: count }, (_, i) => i + 1)
  const pool = new Pool(specs(...ports), roundRobin(), {
    now: () => clock.ms,
    random: () => 0.5,
    ...options,
  })
  const told: string[] = []
  pool.onTransition(({ event, backend, reason }) => {
    told.push([event, backend?.id, reason].filter((word) => word).join(' '))
  })
  const take = (port: number): Lease => {
    const lease = pool.leaseOf(`h:${port}`)
    assert.ok(lease, `h:${port} gives no lease`)
    return lease
  }
  return {
    pool,
    clock,
    told,
    take,
    view: (port) => pool.view().backends.find(({ id }) => id === `h:${port}`)!,
    isOpen(port) {
      const lease = pool.leaseOf(`h:${port}`)
      lease?.release('aborted')
      return lease !== undefined
    },
    fail(port, times = 1) {
      for (let i = 0; i < times; i++) {
        const lease = take(port)
        lease.connected()
        lease.release('failed', undefined, 'broken')
      }
    },
    refuse: (port) => take(port).release('failed', undefined, 'refused'),
  }
}

/** A waiter that keeps what it is served. */
export function waiter(
  special: Partial<Waiter> & { use?: (lease: Lease) => void } = {},
): Waiter & { readonly leases: Lease[] } {
  const leases: Lease[] = []
  const serve = (lease: Lease): void => {
    leases.push(lease)
    special.use?.(lease)
  }
  return { key: special.key ?? '', tried: special.tried ?? [], serve, leases }
}
