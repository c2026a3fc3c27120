import type { Address } from '../base/address.ts'
import type { SourceSpec } from '../discovery/source.ts'
import type { HealthSpec } from '../health/spec.ts'
import type { BackendSpec } from '../pool/backend.ts'
import type { AffinitySpec, HttpOptions, LinesOptions, Mode } from '../proxy.ts'

export type { AffinitySpec, HealthSpec, SourceSpec }

/** All that a balancer is: its listeners, and the pools they give work to. */
export interface BalancerSpec {
  readonly listeners: readonly ListenerSpec[]
  readonly pools: readonly PoolSpec[]
}

export interface ListenerSpec {
  readonly name: string
  readonly address: Address
  readonly mode: Mode
  /** The first that fits is taken. Only mode `http` has more than one, which fits everything. */
  readonly routes: readonly RouteSpec[]
  readonly connectTimeoutMs?: number
  readonly retriesMax?: number
  readonly idleTimeoutMs?: number
  readonly connectionsMax?: number
  readonly http?: Partial<HttpOptions>
  readonly lines?: Partial<LinesOptions>
}

/** Which requests it is for, and where they go. What is not given fits every request. */
export interface RouteSpec {
  /** `example.org`, or `*.example.org` for all below it. */
  readonly hosts?: readonly string[]
  /** Fits this path and all below it: `/api` fits `/api` and `/api/x`, not `/apis`. */
  readonly path?: string
  /** Header names in any case, and their exact values; an empty value fits any. */
  readonly headers?: Readonly<Record<string, string>>
  /** Takes `path` off before the request is forwarded. */
  readonly stripPrefix?: boolean
  /** The pools that share its requests, by weight. */
  readonly to: readonly { readonly pool: string; readonly weight: number }[]
}

export interface PoolSpec {
  readonly name: string
  readonly backends: readonly BackendSpec[]
  /** Where more backends are found. */
  readonly sources?: readonly SourceSpec[]
  /** A name of the table, or the path of a file (`./mine.ts`). */
  readonly strategy: string
  readonly affinity?: AffinitySpec
  /** `off` asks nobody; the default is tcp. */
  readonly health?: HealthSpec | 'off'
  /** For each backend that does not say otherwise; 0 is no limit. */
  readonly maxConnections?: number
  /** How much work may wait while all are full, and how long. */
  readonly queueMax?: number
  readonly queueTimeoutMs?: number
  /** 0 gives a backend that comes, or comes back, its whole share at once. */
  readonly slowStartMs?: number
  /** Leave out backends that fail again and again; true by default. */
  readonly ejection?: boolean
  /** With all backends down, try them all; true by default. */
  readonly failOpen?: boolean
  /** Keys go on to the backend they belong to while it drains; false by default. */
  readonly drainHonoursAffinity?: boolean
}
