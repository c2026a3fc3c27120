import type { Health } from '../../pool/backend.ts'
import type { Decision } from '../../pool/decisions.ts'

/** What viewers of the dashboard are told, as JSON: first all that is kept, then what is new. */
export interface Update {
  /** Milliseconds since 1970, of this machine. */
  readonly nowMs: number
  readonly state: State
  readonly samples: readonly Sample[]
  readonly happenings: readonly Happening[]
  /** The latest of all pools, newest first. */
  readonly decisions: readonly DecisionTold[]
  /** In the first one only. */
  readonly about?: About
}

/** What stays the same. */
export interface About {
  readonly version: string
  readonly pid: number
  /** Names that `/strategy` takes. */
  readonly strategies: readonly string[]
  /** Upper edges of what `answers` counts; the last has no end. */
  readonly edgesMs: readonly number[]
  /** How long samples and happenings are kept. */
  readonly keptMs: number
}

/** All that is so now. */
export interface State {
  readonly listeners: readonly ListenerState[]
  readonly pools: readonly PoolState[]
}

export interface ListenerState {
  readonly name: string
  readonly address: string
  readonly mode: string
  /** Clients that are connected. */
  readonly connections: number
  /** The pools its routes lead to. */
  readonly pools: readonly string[]
}

export interface PoolState {
  readonly name: string
  readonly strategy: string
  /** How much work waits for a backend that is not full. */
  readonly queued: number
  /** How many backends may take work now. */
  readonly available: number
  readonly isFailOpen: boolean
  readonly backends: readonly BackendState[]
}

export interface BackendState {
  readonly id: string
  readonly health: Health
  /** Empty while it is up. */
  readonly reason: string
  /** How long its health has been what it is. */
  readonly forMs: number
  /** What strategies see, and what it was given. */
  readonly weight: number
  readonly fullWeight: number
  readonly active: number
  /** 0 is no limit. */
  readonly maxConnections: number
}

/** What was measured in one second, and in the few before it. */
export interface Sample {
  readonly atMs: number
  /** Requests a second, or connections a second in mode `tcp`. */
  readonly listeners: Readonly<Record<string, number>>
  readonly pools: Readonly<Record<string, PoolSample>>
}

export interface PoolSample {
  /** Pairs of a bin of `edgesMs` and how many answers of this second were in it. */
  readonly answers: readonly number[]
  readonly backends: Readonly<Record<string, BackendSample>>
}

/**
 * Of one backend: pieces of work a second, 50th and 99th percentile of the time to the first byte in
 * milliseconds (null without answers), work that it holds, failures a second.
 */
export type BackendSample = readonly [
  perS: number,
  p50Ms: number | null,
  p99Ms: number | null,
  active: number,
  failuresPerS: number,
]

/** Something that changed. */
export interface Happening {
  /** Counts up from 1. */
  readonly nth: number
  readonly atMs: number
  /** `backend_down`, or another name of the log. */
  readonly event: string
  /** For people, whole. */
  readonly sentence: string
  readonly pool?: string
  readonly backend?: string
}

/** How a piece of work came to its backend; all of it is at `/decisions`. */
export interface DecisionTold
  extends Pick<
    Decision,
    'atMs' | 'what' | 'client' | 'picks' | 'queueMs' | 'durationMs' | 'status' | 'end'
  > {
  readonly pool: string
}
