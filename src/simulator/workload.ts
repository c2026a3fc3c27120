/** What comes in, what it needs, and who does it. Plain data; `readWorkload` makes one from a file. */
export interface Workload {
  readonly title?: string
  readonly arrivals: Arrivals
  /** What a request needs of a backend of speed 1. Of no meaning when the requests are given. */
  readonly service: Service
  readonly backends: readonly BackendGroup[]
  /** Whom the requests are of; 1000 clients that ask equally often by default. */
  readonly keys?: Keys
  /** Balancers that know nothing of each other and share the requests; 1 by default. */
  readonly balancers?: number
  /** How many requests come; 100 000 when there is no `durationMs` either. */
  readonly requests?: number
  readonly durationMs?: number
  /** What comes before this is not measured; 0 by default. */
  readonly warmUpMs?: number
  /** Who has no answer by then has failed; never by default. */
  readonly timeoutMs?: number
  /** How many other backends are tried when one refuses the connection; 2 by default. */
  readonly retriesMax?: number
  /** Whether the pool leaves out backends that fail again and again; true by default. */
  readonly ejection?: boolean
}

export type Arrivals =
  | { readonly kind: 'poisson' | 'constant'; readonly ratePerSecond: number }
  | { readonly kind: 'bursts'; readonly size: number; readonly everyMs: number }
  /** Clients that ask again some time after each answer; the pause is exponential, 0 for none. */
  | { readonly kind: 'closed'; readonly clients: number; readonly thinkMs: number }
  /** From a log, or by a program's calls of `arrive`. */
  | { readonly kind: 'given'; readonly path?: string }

export type Service =
  | { readonly kind: 'exponential' | 'constant'; readonly meanMs: number }
  /** `variation` is the standard deviation for a mean of 1. */
  | { readonly kind: 'lognormal'; readonly meanMs: number; readonly variation: number }
  /** Bounded: many short ones, few very long ones; the smaller `alpha`, the longer. */
  | {
      readonly kind: 'pareto'
      readonly alpha: number
      readonly leastMs: number
      readonly mostMs: number
    }
  | {
      readonly kind: 'bimodal'
      readonly shortMs: number
      readonly longMs: number
      readonly longShare: number
    }
  /** So many digits of π, evenly drawn on a logarithmic scale. */
  | { readonly kind: 'pi'; readonly leastDigits: number; readonly mostDigits: number }

/** Backends that are alike. */
export interface BackendGroup {
  /** Its backends are called `name:1`, `name:2` and so on. */
  readonly name: string
  readonly count?: number
  readonly weight?: number
  /** What takes a second at speed 1 takes half of one at speed 2. */
  readonly speed?: number
  /** How many requests each works on at full speed at a time; 1 by default. */
  readonly servers?: number
  /** `fifo` (default): the others wait in order. `sharing`: all are worked on, each more slowly. */
  readonly discipline?: 'fifo' | 'sharing'
  /** The way there and back, which occupies nobody. */
  readonly latencyMs?: number
  /** The share of requests it answers with an error, and how soon. */
  readonly failures?: { readonly share: number; readonly afterMs: number }
  /** When it refuses connections; what it works on at the beginning fails. */
  readonly outages?: readonly Period[]
  /** When it has another speed; 0 hangs: it accepts work and does none. */
  readonly slowDowns?: readonly (Period & { readonly speed: number })[]
}

export interface Period {
  readonly fromMs: number
  readonly toMs: number
}

/** How often each of the `clients` asks: the k-th in proportion to k^-zipf; 0 is equally often. */
export interface Keys {
  readonly clients: number
  readonly zipf: number
}

/** One that has come in. */
export interface Request {
  readonly atMs: number
  /** What it takes at speed 1, alone. */
  readonly workMs: number
  readonly key: string
  /** Which balancer gets it, 0 … 1. */
  readonly balancer: number
}

/** The most requests that one simulation plays. */
export const requestsLimit = 10_000_000
export const requestsDefault = 100_000

/** One backend, with everything said. */
export interface BackendModel extends Required<Omit<BackendGroup, 'count' | 'name'>> {
  readonly group: string
  readonly host: string
  readonly port: number
}

export function backendsOf({ backends }: Workload): BackendModel[] {
  return backends.flatMap((group) =>
    Array.from({ length: group.count ?? 1 }, (_, index) => ({
      group: group.name,
      host: group.name,
      port: index + 1,
      weight: group.weight ?? 1,
      speed: group.speed ?? 1,
      servers: group.servers ?? 1,
      discipline: group.discipline ?? 'fifo',
      latencyMs: group.latencyMs ?? 0,
      failures: group.failures ?? { share: 0, afterMs: 0 },
      outages: group.outages ?? [],
      slowDowns: group.slowDowns ?? [],
    })),
  )
}
