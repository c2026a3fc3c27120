import { Backend, type BackendSpec, type Health, type WholeSpec } from './backend.ts'
import { healthOf, isNoneUp, isWell, reasonOf } from './health.ts'
import { type Change, changesTo, follow, wantedOf } from './membership.ts'
import type { PoolOptions } from './options.ts'
import type { Transition } from './transition.ts'

const nobody: ReadonlySet<Backend> = new Set()

/** Who is in the pool, and who of them may take work now. It notes what changes. */
export class Roster {
  readonly #options: Required<PoolOptions>
  readonly #note: (transition: Transition) => void
  /** Without those that were removed and finish their work. */
  backends: readonly Backend[] = []
  /** Those that may take work now; another array whenever one comes, goes or changes its weight. */
  candidates: readonly Backend[] = []
  /** When a backend that is left out may be tried again, or one that warms up gets more. */
  nextChangeMs: number = Number.POSITIVE_INFINITY
  isFailOpen = false
  #wasProbed: boolean
  #byId: ReadonlyMap<string, Backend> = new Map()
  /** Removed, with work to finish. */
  readonly #leaving = new Map<string, Backend>()

  /**
   * @param note called amid changes, so it must not look at the pool, or change it.
   * @throws PilotiError ADDRESS when two specs have the same address, RangeError as `Backend`.
   */
  constructor(
    specs: readonly BackendSpec[],
    options: Required<PoolOptions>,
    note: (transition: Transition) => void,
  ) {
    this.#options = options
    this.#note = note
    this.#wasProbed = options.isProbed
    this.#have([...wantedOf(specs).values()].map((spec) => this.#create(spec)))
    this.choose()
  }

  get(id: string): Backend | undefined {
    return this.#byId.get(id)
  }

  plan(specs: readonly BackendSpec[]): readonly Change[] {
    return changesTo(this.backends, wantedOf(specs), this.#options.maxConnections)
  }

  /** As `Pool.update`. */
  update(specs: readonly BackendSpec[]): readonly Change[] {
    const { maxConnections } = this.#options
    const wanted = wantedOf(specs)
    const changes = changesTo(this.backends, wanted, maxConnections)
    const before = this.backends
    const were = new Set(before)
    this.#have([...wanted].map(([id, spec]) => this.#find(id) ?? this.#create(spec)))
    // Those a pool begins with share the work from the start.
    const isStart = before.length === 0
    for (const backend of this.backends) {
      if (!were.has(backend)) this.#add(backend, isStart)
      follow(backend, wanted.get(backend.id)!, maxConnections)
    }
    for (const backend of before) if (!this.#byId.has(backend.id)) this.#remove(backend)
    this.changed()
    return changes
  }

  /** The options are others. */
  configure(): void {
    const { isProbed, maxConnections, slowStartMs } = this.#options
    for (const backend of this.backends) {
      backend.maxConnections = backend.spec.maxConnections ?? maxConnections
      backend.warmUp.durationMs = slowStartMs
      if (isProbed !== this.#wasProbed) backend.meetProbes(isProbed)
    }
    this.#wasProbed = isProbed
    this.changed()
  }

  /** Pauses may be over, and shares have grown. */
  passTime(nowMs: number): void {
    if (nowMs < this.nextChangeMs) return
    for (const { verdict } of this.backends) if (verdict.retryAtMs <= nowMs) verdict.try()
    this.changed()
  }

  /** A watched backend holds one lease less. */
  freed(backend: Backend): void {
    const { active, id, isRemoved, maxConnections } = backend
    if (active === 0 && isRemoved && this.#leaving.delete(id)) {
      this.#note({ event: 'backend_removed', backend, reason: '' })
    } else if (active === 0 && !isRemoved && backend.isFinishing) {
      this.#finish(backend)
    }
    if (active === maxConnections - 1) this.fill()
  }

  /** Something is different: finds out what that means, for work and for listeners. */
  changed(): void {
    const nowMs = this.#options.now()
    for (const backend of this.backends) this.#judge(backend, nowMs)
    this.choose()
    const isFailOpen = this.#isFailOpenNow()
    if (isFailOpen === this.isFailOpen) return
    this.isFailOpen = isFailOpen
    this.#note({ event: isFailOpen ? 'fail_open' : 'fail_open_over', reason: '' })
  }

  /** Who may take work but for being full. With nobody up, all that do not drain. */
  open(): readonly Backend[] {
    const inUse = this.#inUse()
    if (this.#options.failOpen && isNoneUp(inUse)) return inUse
    return inUse.filter((backend) => isWell(backend, this.#options.isProbed))
  }

  /** Weighs all, and finds out who may take work. */
  choose(): void {
    const nowMs = this.#options.now()
    const reweighted = new Set<Backend>()
    this.nextChangeMs = Number.POSITIVE_INFINITY
    for (const backend of this.backends) {
      const { verdict, warmUp } = backend
      if (backend.weigh(nowMs)) reweighted.add(backend)
      this.nextChangeMs = Math.min(this.nextChangeMs, verdict.retryAtMs, warmUp.nextMs(nowMs))
    }
    this.#select(reweighted)
  }

  /** One has become full, or is full no longer: nobody's weight or time has changed. */
  fill(): void {
    this.#select(nobody)
  }

  #select(reweighted: ReadonlySet<Backend>): void {
    const candidates = this.open().filter(({ isFull }) => !isFull)
    const before = this.candidates
    const isSame =
      candidates.length === before.length &&
      candidates.every((backend, i) => backend === before[i] && !reweighted.has(backend))
    if (!isSame) this.candidates = candidates
  }

  #inUse(): readonly Backend[] {
    return this.backends.filter(({ isDraining }) => !isDraining)
  }

  #isFailOpenNow(): boolean {
    const inUse = this.#inUse()
    if (!this.#options.failOpen || inUse.length === 0 || !isNoneUp(inUse)) return false
    // In the beginning nobody is known to be down, and the first reports come one after the other.
    return this.isFailOpen || inUse.every(({ health }) => health !== 'unknown')
  }

  #have(backends: readonly Backend[]): void {
    this.backends = backends
    this.#byId = new Map(backends.map((backend) => [backend.id, backend]))
  }

  #find(id: string): Backend | undefined {
    return this.#byId.get(id) ?? this.#leaving.get(id)
  }

  #create(spec: WholeSpec): Backend {
    const { isProbed, maxConnections, now, slowStartMs } = this.#options
    const own = { ...spec, maxConnections: spec.maxConnections ?? maxConnections }
    const backend = new Backend(own, slowStartMs)
    backend.spec = spec
    backend.health = healthOf(backend, isProbed)
    backend.healthSinceMs = now()
    if (backend.health === 'draining') backend.told = 'draining'
    return backend
  }

  #add(backend: Backend, isStart: boolean): void {
    const comesBack = this.#leaving.delete(backend.id)
    backend.isRemoved = false
    if (!comesBack && !isStart) {
      // With probes it warms up from the first good one.
      backend.isNew = this.#options.isProbed
      if (!backend.isNew) backend.warmUp.start(this.#options.now())
    }
    this.#note({ event: 'backend_added', backend, reason: '' })
  }

  #remove(backend: Backend): void {
    backend.isRemoved = true
    if (backend.active === 0) {
      return this.#note({ event: 'backend_removed', backend, reason: '' })
    }
    this.#leaving.set(backend.id, backend)
    this.#note({ event: 'drain_start', backend, reason: 'removed' })
  }

  /** Finds what there is to tell of a backend. */
  #judge(backend: Backend, nowMs: number): void {
    const before = backend.health
    backend.health = healthOf(backend, this.#options.isProbed)
    if (backend.health === before) return
    backend.healthSinceMs = nowMs
    if (backend.health === 'draining') return this.#start(backend)
    backend.isFinishing = false
    const told = tellings[backend.health]
    if (told === undefined || told === backend.told) return
    backend.told = told
    this.#note({ event: `backend_${told}`, backend, reason: reasonOf(backend) })
  }

  /** It takes no more work, and ends what it has. */
  #start(backend: Backend): void {
    backend.told = 'draining'
    backend.isFinishing = true
    this.#note({ event: 'drain_start', backend, reason: reasonOf(backend) })
    if (backend.active === 0) this.#finish(backend)
  }

  #finish(backend: Backend): void {
    backend.isFinishing = false
    this.#note({ event: 'drain_done', backend, reason: '' })
  }
}

/** What a transition says of a health; nothing where that is only for a moment. */
const tellings: Readonly<Partial<Record<Health, 'up' | 'down' | 'ejected'>>> = {
  up: 'up',
  down: 'down',
  overloaded: 'down',
  ejected: 'ejected',
}
