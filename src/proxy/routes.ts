import type { ErrorCode } from '../base/errors.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { isWeight, weightMax } from '../pool/backend.ts'
import type { Pool } from '../pool/pool.ts'
import type { Affinity } from './affinity.ts'
import { Asked, type Conditions, Fitting } from './route-conditions.ts'

/** Which requests go where. */
export interface Route extends Conditions {
  /** Takes `path` off before the request is forwarded. */
  readonly stripPrefix?: boolean
  /** Who shares its requests, by weight; 0 gets none. */
  readonly to: readonly { readonly destination: Destination; readonly weight: number }[]
}

/** A pool, and what keeps a client on one of its backends. */
export interface Destination {
  readonly pool: Pool
  /** What the access log calls the pool. */
  readonly name?: string
  readonly affinity?: Affinity
}

/** Where a request goes. The same object for all that go there by the same route. */
export interface Match {
  readonly destination: Destination
  /** How many bytes of the path are taken off at its beginning. */
  readonly stripBytes: number
}

/** What a client is told whose request goes nowhere. */
export interface Refusal {
  readonly code: ErrorCode
  readonly message: string
}

const noRoute: Refusal = { code: 'NO_ROUTE', message: 'no route fits the request' }
const ambiguous: Refusal = {
  code: 'REQUEST_FRAMING',
  message: 'the path takes one route as it stands, and another when it is decoded',
}

/**
 * Finds the first route that fits a request.
 *
 * Paths are compared byte for byte. One that servers may read differently is also compared as the most
 * forthcoming of them reads it, and refused when that leads elsewhere.
 */
export class Router {
  /** Every pool that a route leads to, once. */
  readonly pools: readonly Pool[]
  /** What every request gets, when it is the same for all. */
  readonly only: Match | undefined
  /** Why the last `find` found nothing. */
  refusal: Refusal = noRoute
  readonly #routes: readonly Way[]
  readonly #looksAtPaths: boolean
  readonly #asked = new Asked()

  /**
   * @param before whose place this takes: routes that share as they did there go on where they were.
   * @throws RangeError for conditions that fit nothing, or weights that are none.
   */
  constructor(routes: readonly Route[], before?: Router) {
    if (routes.length === 0) throw new RangeError('routes is empty: no request would fit')
    this.#routes = routes.map((route) => new Way(route))
    this.only = this.#routes[0]!.always
    const old = before === undefined ? [] : before.#routes
    for (const [i, way] of this.#routes.entries()) if (i < old.length) way.goOnFrom(old[i]!)
    this.#looksAtPaths = this.#routes.some(({ fitting }) => fitting.path.length > 0)
    this.pools = [...new Set(routes.flatMap(({ to }) => to.map(({ destination: d }) => d.pool)))]
  }

  /** @param bytes where `head` was read from. @returns undefined when there is none: see `refusal`. */
  find(head: RequestHead, bytes: Buffer): Match | undefined {
    if (this.only !== undefined) return this.only
    const asked = this.#asked
    asked.read(head, bytes)
    const way = this.#first()
    if (this.#looksAtPaths && asked.isAmbiguous && this.#first(asked.normalPath) !== way) {
      this.refusal = ambiguous
      return undefined
    }
    if (way !== undefined) return way.take(head, bytes)
    this.refusal = noRoute
    return undefined
  }

  #first(normal?: string): Way | undefined {
    const routes = this.#routes
    for (let i = 0; i < routes.length; i++) {
      const way = routes[i]!
      if (way.fitting.fits(this.#asked, normal)) return way
    }
    return undefined
  }
}

/** One of those that share a route's requests. */
interface Share {
  readonly match: Match
  readonly weight: number
  /** How much it is owed; above all others it is its turn. */
  current: number
}

/** A route at work. */
class Way {
  readonly fitting: Fitting
  readonly #shares: readonly Share[]
  readonly #total: number
  readonly #isSticky: boolean

  constructor({ to, stripPrefix = false, ...conditions }: Route) {
    this.fitting = new Fitting(conditions)
    for (const { weight } of to) {
      if (weight === 0 || isWeight(weight)) continue
      const wanted = `0, or 0.000001 to ${weightMax} wanted`
      throw new RangeError(`a route has weight '${weight}': ${wanted}`)
    }
    const stripBytes = stripPrefix ? this.fitting.path.length : 0
    this.#shares = to
      .filter(({ weight }) => weight > 0)
      .map(({ destination, weight }) => ({
        match: { destination, stripBytes },
        weight,
        current: 0,
      }))
    if (this.#shares.length === 0) throw new RangeError('a route leads nowhere: no weight above 0')
    this.#total = this.#shares.reduce((sum, { weight }) => sum + weight, 0)
    const isSticky = this.#shares.some(({ match }) => match.destination.affinity?.backendId)
    this.#isSticky = this.#shares.length > 1 && isSticky
  }

  /** What every request gets, if it is the same for all. */
  get always(): Match | undefined {
    const isSimple = this.fitting.fitsAll && this.#shares.length === 1
    return isSimple ? this.#shares[0]!.match : undefined
  }

  /** Whose turn it is; a client that belongs to a backend goes where that is. */
  take(head: RequestHead, bytes: Buffer): Match {
    const shares = this.#shares
    if (shares.length === 1) return shares[0]!.match
    if (this.#isSticky) {
      for (const { match } of shares) {
        if (match.destination.affinity?.backendId?.(head, bytes) !== undefined) return match
      }
    }
    return this.#next().match
  }

  /** Or who is owed little would get nothing when changes come often. */
  goOnFrom(before: Way): void {
    const old = before.#shares
    const isSame = (share: Share, i: number): boolean =>
      share.weight === old[i]!.weight &&
      share.match.destination.pool === old[i]!.match.destination.pool
    if (old.length !== this.#shares.length || !this.#shares.every(isSame)) return
    for (const [i, share] of this.#shares.entries()) share.current = old[i]!.current
  }

  /** Smooth weighted round robin. @see nginx, commit 52327e0 (2012) */
  #next(): Share {
    const shares = this.#shares
    let best = shares[0]!
    for (let i = 0; i < shares.length; i++) {
      const share = shares[i]!
      share.current += share.weight
      if (share.current > best.current) best = share
    }
    best.current -= this.#total
    return best
  }
}
