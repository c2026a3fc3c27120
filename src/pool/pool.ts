import { type Backend, type BackendSpec, checkWeight } from './backend.ts'
import { Decisions, type Survey, surveyOf } from './decisions.ts'
import { isWell } from './health.ts'
import { Judge } from './judge.ts'
import { Lease } from './lease.ts'
import type { Change } from './membership.ts'
import { News } from './news.ts'
import { checkOptions, type PoolOptions, poolDefaults } from './options.ts'
import type { Rules } from './probed.ts'
import { Queue, type Waiter } from './queue.ts'
import type { Report } from './report.ts'
import { Requests, type RequestsView } from './requests.ts'
import { Roster } from './roster.ts'
import type { Candidates, Strategy } from './strategy.ts'
import type { Transition } from './transition.ts'
import { type BackendView, viewOf } from './view.ts'

/** A read-only copy of the pool. */
export interface PoolView {
  readonly strategy: string
  /** How much work waits for a backend that is not full. */
  readonly queued: number
  /** How much work has waited so, since the start. */
  readonly queuedTotal: number
  readonly requests: RequestsView
  /** Whether all may take work because none is up, and how many leases were given so. */
  readonly isFailOpen: boolean
  readonly failOpenLeases: number
  readonly backends: readonly BackendView[]
}

const nothing: readonly Readonly<Backend>[] = []

/**
 * Knows the backends, lets the strategy pick one, and counts who holds what.
 *
 * It filters (down, ejected, draining, full, on trial, tried already), so that no strategy has to. It does no
 * I/O and owns no timer: that a backend may be tried again is noticed by the next lease.
 */
export class Pool {
  readonly #options: Required<PoolOptions>
  readonly #roster: Roster
  readonly #judge: Judge
  readonly #queue: Queue
  readonly #news = new News()
  /** How the latest work came to its backends, for whoever asks why. */
  readonly decisions: Decisions = new Decisions()
  readonly requests: Requests = new Requests()
  #strategy: Strategy
  #failOpenLeases = 0

  /** @throws PilotiError ADDRESS when two specs have the same address, RangeError for a number that cannot be. */
  constructor(specs: readonly BackendSpec[], strategy: Strategy, options: PoolOptions = {}) {
    this.#options = { ...poolDefaults, ...options }
    checkOptions(this.#options)
    this.#strategy = strategy
    this.#queue = new Queue(this.#options.queueMax)
    this.#roster = new Roster(specs, this.#options, (transition) => this.#news.add(transition))
    this.#judge = new Judge(this.#roster, this.#options, () => this.#settle())
  }

  /**
   * Picks a backend for `key` that is not among `tried`.
   *
   * @returns undefined when no backend may take work now; `why` says why, `wait` waits if that helps.
   */
  lease(key: string, tried: readonly Readonly<Backend>[] = nothing): Lease | undefined {
    this.#passTime()
    return this.#pick(key, tried)
  }

  /**
   * A lease of the backend with that id, if it may take work, or drains and affinity is honoured then.
   *
   * For affinity: what has no backend of its own, or whose backend gives nothing, asks `lease`.
   */
  leaseOf(id: string, tried: readonly Readonly<Backend>[] = nothing): Lease | undefined {
    this.#passTime()
    const backend = this.#roster.get(id)
    if (backend === undefined || tried.includes(backend)) return undefined
    const mayTakeWork = this.#roster.candidates.includes(backend) || this.#mayGoOn(backend)
    return mayTakeWork ? this.#lend(backend) : undefined
  }

  /** What `lease` would choose among now, and who is left out, and why. */
  survey(key: string, tried: readonly Readonly<Backend>[] = nothing): Survey {
    this.#passTime()
    const { backends, candidates } = this.#roster
    return surveyOf(backends, candidates, tried, this.#strategy, key)
  }

  /**
   * Waits in line for a lease.
   *
   * @returns false when too much waits already, or no backend is free for another reason than being full, or
   * not probed yet.
   */
  wait(waiter: Waiter): boolean {
    const isLeft = (backend: Backend): boolean => !waiter.tried.includes(backend)
    const open = this.#roster.open()
    const left = open.filter(isLeft)
    const helps =
      open.length === 0
        ? // All were exchanged: what the first probes say is known soon.
          this.#roster.backends.some((each) => each.health === 'unknown' && isLeft(each))
        : left.length > 0 && !left.some(isFree)
    return helps && this.#queue.add(waiter)
  }

  /** Waits no longer. Nothing happens to who does not wait. */
  leave(waiter: Waiter): void {
    this.#queue.delete(waiter)?.release('aborted')
  }

  /** How much work waits. */
  get queued(): number {
    return this.#queue.size
  }

  get queuedTotal(): number {
    return this.#queue.total
  }

  /** Whether all may take work because none is up. */
  get isFailOpen(): boolean {
    return this.#roster.isFailOpen
  }

  /** How many leases were given while that was so. */
  get failOpenLeases(): number {
    return this.#failOpenLeases
  }

  get queueTimeoutMs(): number {
    return this.#options.queueTimeoutMs
  }

  /** Why `lease` gives nothing now, for people. */
  why(tried: readonly Readonly<Backend>[] = nothing): string {
    const inUse = this.#roster.backends.filter(({ isDraining }) => !isDraining)
    if (this.#roster.backends.length === 0) return 'the pool has no backend'
    if (inUse.length === 0) return 'all backends are draining'
    const open = this.#roster.open()
    const left = open.filter((backend) => !tried.includes(backend))
    if (left.length > 0) return left.some(isFree) ? 'a backend is free' : 'all backends are full'
    if (open.length > 0) return 'all backends were tried'
    const isUnknown = inUse.every(({ health }) => health === 'unknown')
    return isUnknown ? 'no backend was probed yet' : 'all backends are down'
  }

  /** How many backends may take work now. */
  get available(): number {
    return this.#roster.candidates.length
  }

  /** Whether the key given to `lease` makes a difference. */
  get usesKey(): boolean {
    return this.#strategy.ignoresKey !== true
  }

  get strategy(): Strategy {
    return this.#strategy
  }

  /** Picks with another strategy from now on; all else stays. */
  use(strategy: Strategy): void {
    this.#strategy = strategy
  }

  /** Takes other limits and manners; those that are not given stay. @throws RangeError as the constructor. */
  configure(options: Omit<PoolOptions, 'now' | 'random'>): void {
    checkOptions({ ...this.#options, ...options })
    Object.assign(this.#options, options)
    this.#queue.max = this.#options.queueMax
    this.#roster.configure()
    this.#settle()
  }

  /** Without those that were removed and finish their work. */
  get backends(): readonly Readonly<Backend>[] {
    return this.#roster.backends
  }

  get(id: string): Readonly<Backend> | undefined {
    return this.#roster.get(id)
  }

  /** What `update` would change. @throws as the constructor. */
  plan(specs: readonly BackendSpec[]): readonly Change[] {
    return this.#roster.plan(specs)
  }

  /**
   * Makes the pool have these backends, in this order. One that stays keeps all that is known of it, and what
   * was set by hand; one that goes finishes its work.
   *
   * @returns what changed. @throws as the constructor, and nothing has changed then.
   */
  update(specs: readonly BackendSpec[]): readonly Change[] {
    const changes = this.#roster.update(specs)
    this.#settle()
    return changes
  }

  /** Gives it no more work. @returns false when there is no such backend. */
  drain(id: string): boolean {
    return this.#set(id, (backend) => {
      backend.isAskedToDrain = true
    })
  }

  /** Gives it work again after `drain`. @returns false when there is no such backend. */
  ready(id: string): boolean {
    return this.#set(id, (backend) => {
      backend.isAskedToDrain = false
    })
  }

  /** @returns false when there is no such backend. @throws RangeError for a weight out of range. */
  setWeight(id: string, weight: number): boolean {
    checkWeight(id, weight)
    return this.#set(id, (backend) => {
      backend.fullWeight = weight
    })
  }

  /** Takes what a probe found out about a backend; of one that was removed meanwhile it is no news. */
  report(reported: Readonly<Backend>, report: Report, rules: Rules): void {
    const backend = this.#roster.get(reported.id)
    if (backend === reported) this.#judge.report(backend, report, rules)
  }

  /**
   * Hears of every change from now on, once the change is whole. What a listener throws comes out of whatever
   * changed the pool, after all others have heard.
   *
   * @returns how to stop that.
   */
  onTransition(listener: (transition: Transition) => void): () => void {
    return this.#news.listen(listener)
  }

  view(): PoolView {
    const nowMs = this.#options.now()
    return {
      strategy: this.#strategy.name,
      queued: this.#queue.size,
      queuedTotal: this.#queue.total,
      requests: this.requests.view(),
      isFailOpen: this.#roster.isFailOpen,
      failOpenLeases: this.#failOpenLeases,
      backends: this.#roster.backends.map((backend) => viewOf(backend, nowMs)),
    }
  }

  #passTime(): void {
    if (this.#roster.nextChangeMs === Number.POSITIVE_INFINITY) return
    this.#roster.passTime(this.#options.now())
    this.#settle()
  }

  #pick(key: string, tried: readonly Readonly<Backend>[]): Lease | undefined {
    const all = this.#roster.candidates
    const candidates = tried.length === 0 ? all : all.filter((backend) => !tried.includes(backend))
    return hasSome(candidates) ? this.#lend(this.#strategy.pick(candidates, key)) : undefined
  }

  #lend(backend: Backend): Lease {
    const lease = new Lease(this.#judge, backend)
    if (this.#roster.isFailOpen) this.#failOpenLeases++
    if (lease.isTrial) this.#roster.choose()
    else if (backend.isFull) this.#roster.fill()
    return lease
  }

  /** Whether a backend that drains takes the work of those who belong to it. */
  #mayGoOn(backend: Backend): boolean {
    const { drainHonoursAffinity, isProbed } = this.#options
    const { isDraining, isFull } = backend
    return drainHonoursAffinity && isDraining && !isFull && isWell(backend, isProbed)
  }

  #set(id: string, change: (backend: Backend) => void): boolean {
    const backend = this.#roster.get(id)
    if (backend === undefined) return false
    change(backend)
    this.#roster.changed()
    this.#settle()
    return true
  }

  /**
   * Ends each change: gives those in line what has become free, then tells what there is to tell. Whoever
   * hears of it finds the pool in order, and may change it again.
   */
  #settle(): void {
    const { candidates } = this.#roster
    if (this.#queue.size > 0 && candidates.length > 0) {
      this.#queue.give(
        ({ key, tried }) => this.#pick(key, tried),
        () => this.#roster.candidates.length > 0,
      )
    }
    try {
      this.#news.tell()
    } finally {
      this.#queue.tell()
    }
  }
}

const isFree = ({ isFull }: Backend): boolean => !isFull

function hasSome<C extends Backend>(backends: readonly C[]): backends is Candidates<C> {
  return backends.length > 0
}
