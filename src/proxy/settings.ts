import type { Pool } from '../pool/pool.ts'
import type { Affinity } from './affinity.ts'
import { checkQuantities } from './check.ts'
import type { ForwardingSettings } from './forwarding.ts'
import { completeHttpOptions, type HttpOptions, httpDefaults } from './http-options.ts'
import { completeLinesOptions, type LinesOptions, linesDefaults } from './lines-options.ts'
import { type Route, Router } from './routes.ts'

/** What is balanced: the requests of HTTP/1.1, whole connections, or messages of a line each. */
export type Mode = 'http' | 'tcp' | 'lines'

/** Where the work goes, and within which limits. All of it can be changed at work. */
export interface ProxySettings {
  /** Where all work goes. */
  readonly pool?: Pool
  /** What keeps a client on one of the pool's backends; only in mode `http` more than its address. */
  readonly affinity?: Affinity
  /** Instead of `pool`: the first one that fits is taken. Only mode `http` has more than one, for everything. */
  readonly routes?: readonly Route[]
  /** How long a backend may take to accept; 0 is no limit of ours. */
  readonly connectTimeoutMs?: number
  /** How many more backends are tried after the first cannot be connected to. */
  readonly retriesMax?: number
  /** How long a client of mode `tcp` or `lines` may be silent in both directions; 0 is no limit. */
  readonly idleTimeoutMs?: number
  /** Times, limits and manners of mode `http`; the defaults are `httpDefaults`. */
  readonly http?: Partial<HttpOptions>
  /** The same of mode `lines`; the defaults are `linesDefaults`. */
  readonly lines?: Partial<LinesOptions>
  /**
   * How many clients may be connected at a time; further ones are closed at once. 0 is no limit. 10,000, or as
   * many as the process may open files for.
   */
  readonly connectionsMax?: number
  /** How many listeners share the files that the process may open; 1 by default. */
  readonly listeners?: number
}

/**
 * Checks settings and completes them. Nothing has changed when it throws.
 *
 * @param before where the work goes when the settings do not say.
 * @throws RangeError for what is out of range, missing, or for the other mode.
 */
export function completeSettings(
  given: ProxySettings,
  mode: Mode,
  before?: Router,
): ForwardingSettings {
  checkQuantities({ ...given, ...given.http, ...given.lines })
  const { connectTimeoutMs = 3_000, retriesMax = 2, idleTimeoutMs = 600_000 } = given
  const router = routerOf(given, before)
  if (mode !== 'http') refuseRoutes(router, mode)
  if (mode !== 'http') refuseOther('http', given.http, httpDefaults, mode)
  if (mode !== 'lines') refuseOther('lines', given.lines, linesDefaults, mode)
  return {
    router,
    connectTimeoutMs: connectTimeoutMs || never,
    retriesMax,
    idleTimeoutMs: idleTimeoutMs || never,
    http: completeHttpOptions(given.http),
    lines: completeLinesOptions(given.lines),
  }
}

function routerOf({ pool, affinity, routes }: ProxySettings, before: Router | undefined): Router {
  if (routes !== undefined) {
    if (pool === undefined && affinity === undefined) return new Router(routes, before)
    throw new RangeError('pool and affinity stand beside routes: give them to the routes')
  }
  if (pool !== undefined) {
    const destination = { pool, ...(affinity && { affinity }) }
    return new Router([{ to: [{ destination, weight: 1 }] }])
  }
  if (before !== undefined && affinity === undefined) return before
  throw new RangeError('where the work goes is missing: give a pool, or routes')
}

function refuseRoutes(router: Router, mode: Mode): void {
  if (router.only !== undefined) return
  throw new RangeError(`the routes of mode ${mode} are one, without conditions, to one pool`)
}

/** What has no effect is a mistake. */
function refuseOther(of: Mode, given: object = {}, defaults: object, mode: Mode): void {
  const usual = new Map<string, unknown>(Object.entries(defaults))
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || String(value) === String(usual.get(name))) continue
    throw new RangeError(`${name} is for mode ${of}, and this proxy is in mode ${mode}`)
  }
}

const never = Number.POSITIVE_INFINITY
