import { isStrategyFile } from '../../balancer.ts'
import { type Address, formatAddress } from '../../base/address.ts'
import { PilotiError } from '../../base/errors.ts'
import { healthDefaults } from '../../health/spec.ts'
import { createStrategy } from '../../strategies/index.ts'
import { absolute } from '../describe.ts'
import type { ListenerKeys, PoolKeys } from '../file.ts'
import { type Meant, type Model, modeOf, usualListen } from '../model.ts'
import type { Finding, IsBroken } from '../problem.ts'
import { isLocal, overlap } from './listeners.ts'
import { poolsOf } from './routes.ts'

/** What is wrong with pools. */
export function poolRules(model: Model, folder: string, isBroken: IsBroken): Finding[] {
  return [
    ...model.pools.flatMap((pool) => [
      ...(isBroken(pool.path) ? [] : empty(pool)),
      ...twice(pool, folder),
      ...strategy(pool),
      ...queue(pool),
      ...affinity(pool, model),
      ...health(pool),
    ]),
    ...loops(model, folder),
  ]
}

function empty({ keys, name, path }: Meant<PoolKeys>): Finding[] {
  if (keys.backends !== undefined || keys.discover !== undefined) return []
  const message = `pool '${name}' has no backends`
  return [{ path, isOfKey: true, message, suggestion: 'write backends, or discover' }]
}

const idOf = (address: Address): string =>
  'path' in address ? formatAddress(address) : formatAddress(address).toLowerCase()

function twice(pool: Meant<PoolKeys>, folder: string): Finding[] {
  const first = new Map<string, number>()
  return (pool.keys.backends ?? []).flatMap(({ address }, i) => {
    const id = idOf(absolute(address, folder))
    const before = first.get(id)
    if (before === undefined) {
      first.set(id, i)
      return []
    }
    const path = pool.at('backends')
    const message = `backend ${formatAddress(address)} is in this pool already, in line %LINE%`
    const suggestion = 'to give it more work write weight: 2 there'
    return [{ path: [...path, i], message, suggestion, other: [...path, before] }]
  })
}

function strategy(pool: Meant<PoolKeys>): Finding[] {
  const { strategy = 'round-robin' } = pool.keys
  if (isStrategyFile(strategy)) return []
  try {
    createStrategy(strategy)
    return []
  } catch (error) {
    if (!(error instanceof PilotiError)) throw error
    return [{ path: pool.at('strategy'), message: error.message }]
  }
}

function queue(pool: Meant<PoolKeys>): Finding[] {
  const { backends = [], discover, limits = {} } = pool.keys
  const isFull = [limits, ...backends].some(({ maxConnections = 0 }) => maxConnections > 0)
  // What discovery finds may have limits of its own.
  if (limits.queue === undefined || isFull || discover !== undefined) return []
  const message = 'nothing ever waits in this queue: no backend has maxConnections'
  const suggestion = 'write maxConnections beside queue'
  const path = [...pool.at('limits'), 'queue']
  return [{ path, isOfKey: true, severity: 'warning', message, suggestion }]
}

function health(pool: Meant<PoolKeys>): Finding[] {
  const { health } = pool.keys
  if (health === undefined || health === 'off') return []
  const { intervalMs, timeoutMs } = { ...healthDefaults, ...health }
  if (timeoutMs <= intervalMs) return []
  const message = `timeout is longer than interval, which is ${intervalMs}ms: a probe ends before the next`
  const suggestion = 'make interval longer, or timeout shorter'
  return [{ path: [...pool.at('health'), 'timeout'], message, suggestion }]
}

/** Only requests show more of a client than its address. */
function affinity(pool: Meant<PoolKeys>, model: Model): Finding[] {
  const { affinity } = pool.keys
  if (affinity === undefined || affinity.kind === 'client') return []
  const listener = model.listeners.find(
    (candidate) =>
      modeOf(candidate.keys) !== 'http' && poolsOf(candidate, model).includes(pool.name),
  )
  if (listener === undefined) return []
  const message = `affinity by ${affinity.kind} needs requests, and listener '${listener.name}' has mode ${modeOf(listener.keys)}`
  return [{ path: pool.at('affinity'), message, suggestion: 'write affinity: client' }]
}

/** Backends that are listeners of this file, where that leads round in a circle. */
function loops(model: Model, folder: string): Finding[] {
  const addressOf = ({ keys }: Meant<ListenerKeys>): Address =>
    absolute(keys.listen ?? usualListen, folder)
  const listenerAt = (address: Address): Meant<ListenerKeys> | undefined =>
    model.listeners.find((listener) => isSame(absolute(address, folder), addressOf(listener)))
  const next = (listener: Meant<ListenerKeys>): Meant<ListenerKeys>[] =>
    poolsOf(listener, model).flatMap((name) => {
      const pool = model.pools.find((candidate) => candidate.name === name)
      return (pool?.keys.backends ?? []).flatMap(({ address }) => listenerAt(address) ?? [])
    })
  const reachable = (from: Meant<ListenerKeys>): Set<Meant<ListenerKeys>> => {
    const seen = new Set([from])
    for (const listener of seen) for (const other of next(listener)) seen.add(other)
    return seen
  }
  return model.pools.flatMap((pool) =>
    (pool.keys.backends ?? []).flatMap(({ address }, i): Finding[] => {
      const listener = listenerAt(address)
      if (listener === undefined) return []
      const leadsHere = [...reachable(listener)].some((l) => poolsOf(l, model).includes(pool.name))
      if (!leadsHere) return []
      const message = `backend ${formatAddress(address)} is listener '${listener.name}' of line %LINE%: its work would go round in a circle`
      return [{ path: [...pool.at('backends'), i], message, other: listener.at('listen') }]
    }),
  )
}

/** A listener on every address is reached at those of this machine; which more it has, nobody says. */
function isSame(backend: Address, listener: Address): boolean {
  if ('path' in backend || 'path' in listener) return overlap(backend, listener)
  const isAny = listener.host === '0.0.0.0' || listener.host === '::'
  return overlap(backend, listener) && (!isAny || isLocal(backend.host))
}
