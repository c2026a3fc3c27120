/** Balancers under test, and specs for them. */
import type { TestContext } from 'node:test'
import {
  type Balancer,
  type BalancerSpec,
  createBalancer,
  type ListenerSpec,
  type PoolSpec,
} from '../../src/balancer.ts'
import { type Address, formatAddress } from '../../src/base/address.ts'
import type { Log } from '../../src/base/log.ts'
import type { BackendSpec } from '../../src/pool/backend.ts'
import type { Line } from '../support/proxied.ts'
import { fetchText } from '../support/up.ts'

export const at = (port: number, more: Partial<BackendSpec> = {}): BackendSpec => ({
  address: { host: '127.0.0.1', port },
  ...more,
})

/** A pool that is not probed, unless told otherwise: so a test asks only when it wants to. */
export function poolOf(ports: readonly number[], more: Partial<PoolSpec> = {}): PoolSpec {
  const backends = ports.map((port) => at(port))
  return { name: 'main', strategy: 'round-robin', health: 'off', backends, ...more }
}

/** A listener in mode http for one pool, at any port unless told otherwise. */
export function listenerTo(pool: string, more: Partial<ListenerSpec> = {}): ListenerSpec {
  const address = { host: '127.0.0.1', port: 0 }
  return { name: 'web', mode: 'http', address, routes: [{ to: [{ pool, weight: 1 }] }], ...more }
}

/** One pool behind one listener. */
export function simple(ports: readonly number[], more: Partial<PoolSpec> = {}): BalancerSpec {
  const pool = poolOf(ports, more)
  return { pools: [pool], listeners: [listenerTo(pool.name)] }
}

export interface Balanced {
  readonly balancer: Balancer
  /** The lines of these events. */
  told(...events: readonly string[]): readonly Line[]
  /** What a client hears from a listener. */
  hear(listener?: string, path?: string): Promise<string>
  addressOf(listener?: string): Address
}

/** A balancer that is closed when the test ends. */
export async function balanced(t: TestContext, spec: BalancerSpec): Promise<Balanced> {
  const { lines, log } = recorder()
  const balancer = await createBalancer(spec, { log, graceMs: 500 })
  t.after(() => balancer.close(0))
  const addressOf = (name = 'web'): Address => balancer.listeners.get(name)!.address
  return {
    balancer,
    told: (...events) => lines.filter(({ event }) => events.includes(event)),
    hear: (name, path = '/') => fetchText(formatAddress(addressOf(name)), path),
    addressOf,
  }
}

/** A log, and what it was told. */
export function recorder(): { readonly log: Log; readonly lines: Line[] } {
  const lines: Line[] = []
  const to =
    (level: string): Log['info'] =>
    (event, sentence, fields = {}) =>
      lines.push({ level, event, sentence, fields })
  return {
    lines,
    log: { debug: to('debug'), info: to('info'), warn: to('warn'), error: to('error') },
  }
}
