import { type Clock, monotonic } from '../base/clock.ts'
import { PilotiError } from '../base/errors.ts'
import { Backend, type BackendSpec, type BackendView } from './backend.ts'
import { Lease, type Lessor } from './lease.ts'
import type { Candidates, Strategy } from './strategy.ts'

/** A change of a backend's health, told once, when it happens. */
export interface Transition {
  readonly event: 'backend_up' | 'backend_down'
  readonly backend: Readonly<Backend>
  /** Why it is down, for people. */
  readonly reason: string
}

export interface PoolOptions {
  readonly now?: Clock
}

/** A read-only copy of the pool. */
export interface PoolView {
  readonly strategy: string
  readonly backends: readonly BackendView[]
}

const nothing: readonly Readonly<Backend>[] = []

/**
 * Knows the backends, lets the strategy pick one, and counts who holds what.
 *
 * It filters (down, on trial, tried already), so that no strategy has to. It does no I/O and owns no
 * timer: that a backend may be tried again is noticed by the next lease.
 */
export class Pool {
  readonly #backends: readonly Backend[]
  readonly #strategy: Strategy
  readonly #now: Clock
  readonly #lessor: Lessor
  readonly #listeners = new Set<(transition: Transition) => void>()
  #candidates: readonly Backend[]
  /** When the first of the backends that are down may be tried again. */
  #nextTrialMs = Number.POSITIVE_INFINITY

  /** @throws PilotiError ADDRESS when two specs have the same address, RangeError as `Backend`. */
  constructor(specs: readonly BackendSpec[], strategy: Strategy, options: PoolOptions = {}) {
    const { now = monotonic } = options
    this.#backends = specs.map((spec) => new Backend(spec))
    this.#candidates = this.#backends
    this.#strategy = strategy
    this.#now = now
    this.#lessor = {
      now,
      connected: (backend) => this.#rise(backend),
      refused: (lease, backend, reason) => this.#fall(lease, backend, reason),
      unknown: (lease, backend) => this.#askAgain(lease, backend),
    }
    refuseDoubles(this.#backends)
  }

  /**
   * Picks a backend for `key` that is not among `tried`.
   *
   * @returns undefined when no backend may take work now.
   */
  lease(key: string, tried: readonly Readonly<Backend>[] = nothing): Lease | undefined {
    if (this.#nextTrialMs !== Number.POSITIVE_INFINITY) this.#startTrials(this.#now())
    const all = this.#candidates
    const candidates = tried.length === 0 ? all : all.filter((backend) => !tried.includes(backend))
    if (!hasSome(candidates)) return undefined
    const lease = new Lease(this.#lessor, this.#strategy.pick(candidates, key))
    if (lease.isTrial) this.#choose()
    return lease
  }

  /** How many backends may take work now. */
  get available(): number {
    return this.#candidates.length
  }

  /** Whether the key given to `lease` makes a difference. */
  get usesKey(): boolean {
    return this.#strategy.ignoresKey !== true
  }

  /** Hears of every change of health from now on. @returns how to stop that. */
  onTransition(listener: (transition: Transition) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  view(): PoolView {
    return {
      strategy: this.#strategy.name,
      backends: this.#backends.map((backend) => backend.view()),
    }
  }

  #startTrials(nowMs: number): void {
    if (nowMs < this.#nextTrialMs) return
    for (const { verdict } of this.#backends) if (verdict.retryAtMs <= nowMs) verdict.try()
    this.#choose()
  }

  #rise(backend: Backend): void {
    if (!backend.verdict.rise()) return
    this.#choose()
    this.#tell({ event: 'backend_up', backend, reason: '' })
  }

  #fall(lease: Lease, backend: Backend, reason: string): void {
    const { verdict } = backend
    // A dial begun before the fall says nothing of the trial.
    if (verdict.health === 'trial' && !verdict.isTriedBy(lease)) return
    const wasUp = verdict.health === 'up'
    if (!verdict.fall(reason, this.#now())) return
    this.#choose()
    if (wasUp) this.#tell({ event: 'backend_down', backend, reason })
  }

  /** A trial that its client ended early: the next lease is the trial. */
  #askAgain(lease: Lease, backend: Backend): void {
    if (!backend.verdict.isTriedBy(lease)) return
    backend.verdict.try()
    this.#choose()
  }

  #choose(): void {
    this.#candidates = this.#backends.filter(({ verdict }) => verdict.mayTakeWork)
    this.#nextTrialMs = Math.min(...this.#backends.map(({ verdict }) => verdict.retryAtMs))
  }

  #tell(transition: Transition): void {
    for (const listener of this.#listeners) listener(transition)
  }
}

function hasSome<C extends Backend>(backends: readonly C[]): backends is Candidates<C> {
  return backends.length > 0
}

function refuseDoubles(backends: readonly Backend[]): void {
  const seen = new Set<string>()
  for (const { id } of backends) {
    if (seen.has(id)) throw new PilotiError('ADDRESS', `backend ${id} is named twice`)
    seen.add(id)
  }
}
