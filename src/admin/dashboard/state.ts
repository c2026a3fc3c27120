import type { Balancer, BalancerView } from '../../balancer.ts'
import type { Maintenance } from '../maintenance.ts'
import type { ListenerState, PoolState, State } from './told.ts'

/** The small view of a balancer that a page shows. */
export function stateOf(balancer: Balancer, maintenance: Maintenance): State {
  const view = balancer.view()
  const pools = [...balancer.pools].map(([name, pool]) =>
    poolState(name, maintenance.view(pool, view.pools[name]), pool.available),
  )
  return { listeners: listenersOf(balancer, view), pools }
}

function listenersOf({ spec }: Balancer, { listeners }: BalancerView): ListenerState[] {
  return spec.listeners.flatMap(({ name, routes }) => {
    const listener = listeners[name]
    if (listener === undefined) return []
    const { address, connections, mode } = listener
    const pools = new Set(routes.flatMap(({ to }) => to.map(({ pool }) => pool)))
    return { name, address, mode, connections: connections.active, pools: [...pools] }
  })
}

type PoolView = BalancerView['pools'][string]

function poolState(name: string, pool: PoolView, available: number): PoolState {
  const { backends, isFailOpen, queued, strategy } = pool
  return {
    ...{ name, strategy, queued, available, isFailOpen },
    backends: backends.map((backend) => ({
      id: backend.id,
      health: backend.health,
      reason: backend.reason,
      forMs: Math.round(backend.forMs),
      weight: Math.round(backend.weight * 1_000) / 1_000,
      fullWeight: backend.fullWeight,
      active: backend.active,
      maxConnections: backend.maxConnections,
    })),
  }
}
