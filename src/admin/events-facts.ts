import type { Balancer } from '../balancer.ts'
import type { Happening } from './dashboard/told.ts'
import type { Reloads } from './metrics-process.ts'

/** What is compared to see that something changed. */
export interface Facts {
  readonly listeners: ReadonlySet<string>
  /** By the name of the pool. */
  readonly pools: ReadonlyMap<string, PoolFacts>
  readonly reloads: Reloads
}

interface PoolFacts {
  readonly strategy: string
  readonly weights: ReadonlyMap<string, number>
}

type News = Omit<Happening, 'nth' | 'atMs'>

export function factsOf({ listeners, pools }: Balancer, reloads: Readonly<Reloads>): Facts {
  return {
    listeners: new Set(listeners.keys()),
    pools: new Map(
      [...pools].map(([name, { backends, strategy }]) => [
        name,
        {
          strategy: strategy.name,
          weights: new Map(backends.map(({ fullWeight, id }) => [id, fullWeight])),
        },
      ]),
    ),
    reloads: { ...reloads },
  }
}

/** What there is to tell of the difference. */
export function newsOf(before: Facts, after: Facts): News[] {
  return [
    ...reloadNews(before.reloads, after.reloads),
    ...named('listener', before.listeners, after.listeners),
    ...named('pool', new Set(before.pools.keys()), new Set(after.pools.keys())),
    ...[...after.pools].flatMap(([name, facts]) => poolNews(name, before.pools.get(name), facts)),
  ]
}

function reloadNews(before: Reloads, after: Reloads): News[] {
  const isOk = after.ok > before.ok
  const isRejected = after.rejected > before.rejected
  return [
    ...(isOk ? [{ event: 'reload_ok', sentence: 'the configuration was read again' }] : []),
    ...(isRejected
      ? [{ event: 'reload_rejected', sentence: 'a reload was refused: nothing has changed' }]
      : []),
  ]
}

function named(
  what: 'listener' | 'pool',
  before: ReadonlySet<string>,
  after: ReadonlySet<string>,
): News[] {
  const added = [...after].filter((name) => !before.has(name))
  const removed = [...before].filter((name) => !after.has(name))
  return [
    ...added.map((name) => ({ event: `${what}_added`, sentence: `${what} ${name} is added` })),
    ...removed.map((name) => ({
      event: `${what}_removed`,
      sentence: `${what} ${name} is removed`,
    })),
  ]
}

function poolNews(pool: string, before: PoolFacts | undefined, after: PoolFacts): News[] {
  if (before === undefined) return []
  const isOther = before.strategy !== after.strategy
  const sentence = `pool ${pool} picks by ${after.strategy} now, not by ${before.strategy}`
  const weights = [...after.weights].flatMap(([backend, weight]) => {
    const old = before.weights.get(backend) ?? weight
    if (old === weight) return []
    return {
      event: 'weight',
      sentence: `backend ${backend} has weight ${weight}, and had ${old}`,
      pool,
      backend,
    }
  })
  return [...(isOther ? [{ event: 'strategy', sentence, pool }] : []), ...weights]
}
