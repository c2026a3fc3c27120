import { type Clock, monotonic } from '../base/clock.ts'
import { PilotiError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import { suggest } from '../base/suggest.ts'
import type { Strategy } from '../pool/strategy.ts'
import { leastConnections } from './least-connections.ts'
import { leastResponseTime } from './least-response-time.ts'
import { maglev } from './maglev.ts'
import { nToOne } from './n-to-1.ts'
import { peakEwma } from './peak-ewma.ts'
import { random } from './random.ts'
import { rendezvous } from './rendezvous.ts'
import { ring } from './ring.ts'
import { roundRobin } from './round-robin.ts'
import { source } from './source.ts'
import { twoChoices } from './two-choices.ts'

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
  'least-connections': (context = real) => leastConnections(context.random),
  'least-response-time': (context = real) => leastResponseTime(context.now, context.random),
  'peak-ewma': (context = real) => peakEwma(context.now, context.random),
  'two-choices': (context = real) => twoChoices(context.random),
  random: (context = real) => random(context.random),
  source: () => source(),
  rendezvous: () => rendezvous(),
  ring: () => ring(),
  maglev: () => maglev(),
}

/** What the original system and other balancers call them. */
const otherNames: Readonly<Record<string, string>> = {
  n2one: 'n-to-1',
  first: 'n-to-1',
  leastconn: 'least-connections',
  leasttime: 'least-response-time',
  ewma: 'peak-ewma',
  p2c: 'two-choices',
  iphash: 'source',
  hrw: 'rendezvous',
  ringhash: 'ring',
  ketama: 'ring',
}

/**
 * A new strategy by its name, or by another system's name for it; case, `-` and `_` do not matter.
 *
 * @throws PilotiError STRATEGY_UNKNOWN with the known names, and the nearest one if one is near.
 */
export function createStrategy(name: string, context: StrategyContext = real): Strategy {
  const plain = plainly(name)
  const known = Object.keys(strategies)
  const canonical = Object.hasOwn(otherNames, plain)
    ? otherNames[plain]
    : known.find((name) => plainly(name) === plain)
  const make = canonical && strategies[canonical]
  if (make) return make(context)
  const nearest = suggest(name, known)
  const hint = nearest === undefined ? '' : ` (did you mean ${nearest}?)`
  throw new PilotiError(
    'STRATEGY_UNKNOWN',
    `unknown strategy '${name}': one of ${known.join(', ')}${hint}`,
  )
}

const plainly = (name: string): string => name.toLowerCase().replace(/[-_]/g, '')
