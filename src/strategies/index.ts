import { type Clock, monotonic } from '../base/clock.ts'
import { PilotiError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { suggest } from '../base/suggest.ts'
import type { Strategy } from '../pool/strategy.ts'
import { leastConnections } from './least-connections.ts'
import { leastResponseTime } from './least-response-time.ts'
import { nToOne } from './n-to-1.ts'
import { roundRobin } from './round-robin.ts'

/** What a strategy may need of the outside: given, so that any run can be repeated. */
export interface StrategyContext {
  readonly now: Clock
  readonly random: Random
}

const real: StrategyContext = { now: monotonic, random: Math.random }

/** Every way to pick, by name. Without a context: the process's clock and `Math.random`. */
export const strategies: Readonly<Record<string, (context?: StrategyContext) => Strategy>> = {
  'n-to-1': nToOne,
  'round-robin': roundRobin,
  'least-connections': leastConnections,
  'least-response-time': ({ now } = real) => leastResponseTime(now),
}

/** What the original system called them; accepted in any case. */
const originalNames: Readonly<Record<string, string>> = {
  n2one: 'n-to-1',
  roundrobin: 'round-robin',
  leastconnections: 'least-connections',
  leastresponsetime: 'least-response-time',
}

/**
 * A new strategy by its name, or by the original system's name for it; case does not matter.
 *
 * @throws PilotiError STRATEGY_UNKNOWN with the known names, and the nearest one if one is near.
 */
export function createStrategy(name: string, context: StrategyContext = real): Strategy {
  const lower = name.toLowerCase()
  const known = Object.keys(strategies)
  const canonical = known.includes(lower)
    ? lower
    : Object.hasOwn(originalNames, lower) && originalNames[lower]
  const make = canonical && strategies[canonical]
  if (make) return make(context)
  const nearest = suggest(name, known)
  const hint = nearest === undefined ? '' : ` (did you mean ${nearest}?)`
  throw new PilotiError(
    'STRATEGY_UNKNOWN',
    `unknown strategy '${name}': one of ${known.join(', ')}${hint}`,
  )
}
