import { Backend, type BackendSpec, type Health } from './backend.ts'
import { healthOf, isNoneUp, isWell, reasonOf } from './health.ts'
import { type Change, changesTo, refuseDoubles } from './membership.ts'
import type { PoolOptions } from './options.ts'
import type { Transition } from './transition.ts'

/** Who is in the pool, and who of them may take work now. It tells what changes. */
export class Roster {
  readonly #options: Required<PoolOptions>
  readonly #tell: (transition: Transition) => void
  /** Without those that were removed and finish their work. */
  backends: readonly Backend[]
  /** Those that may take work now; another array whenever one comes, goes or changes its weight. */
  candidates: readonly Backend[] = []
  /** When a backend that is left out may be tried again, or one that warms up gets more. */
  nextChangeMs: number = Number.POSITIVE_INFINITY
  isFailOpen = false
  #byId: ReadonlyMap<string, Backend>
  /** Removed, with work to finish. */
  readonly #leaving = new Map<string, Backend>()

  /** @throws PilotiError ADDRESS when two specs have the same address, RangeError as `Backend`. */
  constructor(
    specs: readonly BackendSpec[],
    options: Required<PoolOptions>,
    tell: (transition: Transition) => void,
  ) {
    this.#options = options
    this.#tell = tell
    refuseDoubles(specs)
    this.backends = specs.map((spec) => this.#create(spec))
    this.#byId = byId(this.backends)
    this.choose()
  }

  get(id: string): Backend | undefined {
    return this.#byId.get(id)
  }

  /** Also one that was removed and finishes its work. */
  find(id: string): Backend | undefined {
    return this.#byId.get(id) ?? this.#leaving.get(id)
  }

  plan(specs: readonly BackendSpec[]): readonly Change[] {
    return changesTo(this.backends, specs)
  }

  /** As `Pool.update`. */
  update(specs: readonly BackendSpec[]): readonly Change[] {
    const changes = this.plan(specs)
    const fresh = specs.map((spec) => this.#create(spec))
    const before = this.#byId
    const next = fresh.map((backend) => this.find(backend.id) ?? backend)
    this.backends = next
    this.#byId = byId(next)
    for (const [index, backend] of next.entries()) {
      if (!before.has(backend.id)) this.#add(backend)
      follow(backend, fresh[index]!)
    }
    for (const [id, backend] of before) if (!this.#byId.has(id)) this.#remove(backend)
    this.changed()
    return changes
  }

  /** The options are others. */
  configure(): void {
    const { maxConnections, slowStartMs } = this.#options
    for (const backend of this.backends) {
      backend.maxConnections = backend.spec.maxConnections ?? maxConnections
      backend.warmUp.durationMs = slowStartMs
    }
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
    const { active, id, isDraining, isRemoved, maxConnections } = backend
    if (active === 0 && isRemoved && this.#leaving.delete(id)) {
      this.#tell({ event: 'backend_removed', backend, reason: '' })
    } else if (active === 0 && isDraining) {
      this.#tell({ event: 'drain_done', backend, reason: '' })
    }
    if (active === maxConnections - 1) this.choose()
  }

  /** Something is different: finds out what that means, for work and for listeners. */
  changed(): void {
    const nowMs = this.#options.now()
    const transitions = this.backends.flatMap((backend) => this.#judge(backend, nowMs))
    this.choose()
    const { failOpen } = this.#options
    // Before the first report nobody is known to be down.
    const isKnown = this.backends.some(({ health }) => health !== 'unknown')
    const isFailOpen = failOpen && isKnown && isNoneUp(this.backends)
    if (isFailOpen !== this.isFailOpen) {
      this.isFailOpen = isFailOpen
      transitions.push({ event: isFailOpen ? 'fail_open' : 'fail_open_over', reason: '' })
    }
    for (const transition of transitions) this.#tell(transition)
  }

  /** Who may take work but for being full. With nobody up, all that do not drain. */
  open(): readonly Backend[] {
    const inUse = this.backends.filter(({ isDraining }) => !isDraining)
    if (this.#options.failOpen && isNoneUp(inUse)) return inUse
    return inUse.filter((backend) => isWell(backend, this.#options.isProbed))
  }

  /** Weighs all, and finds out who may take work. */
  choose(): void {
    const nowMs = this.#options.now()
    let isReweighted = false
    this.nextChangeMs = Number.POSITIVE_INFINITY
    for (const backend of this.backends) {
      const { verdict, warmUp, weight } = backend
      backend.weigh(nowMs)
      isReweighted ||= backend.weight !== weight
      this.nextChangeMs = Math.min(this.nextChangeMs, verdict.retryAtMs, warmUp.nextMs(nowMs))
    }
    const candidates = this.open().filter(({ isFull }) => !isFull)
    const before = this.candidates
    const isSame =
      candidates.length === before.length && candidates.every((c, i) => c === before[i])
    if (!isSame || isReweighted) this.candidates = candidates
  }

  #create(spec: BackendSpec): Backend {
    const { isProbed, maxConnections, now, slowStartMs } = this.#options
    const backend = new Backend({ maxConnections, ...spec }, slowStartMs)
    backend.spec = spec
    backend.health = healthOf(backend, isProbed)
    backend.healthSinceMs = now()
    return backend
  }

  #add(backend: Backend): void {
    const comesBack = this.#leaving.delete(backend.id)
    backend.isRemoved = false
    // With probes it warms up from the first good one.
    backend.isNew = this.#options.isProbed && !comesBack
    if (!backend.isNew && !comesBack) backend.warmUp.start(this.#options.now())
    this.#tell({ event: 'backend_added', backend, reason: '' })
  }

  #remove(backend: Backend): void {
    backend.isRemoved = true
    if (backend.active === 0) {
      return this.#tell({ event: 'backend_removed', backend, reason: '' })
    }
    this.#leaving.set(backend.id, backend)
    this.#tell({ event: 'drain_start', backend, reason: 'removed' })
  }

  /** What to tell of a backend. */
  #judge(backend: Backend, nowMs: number): Transition[] {
    const before = backend.health
    backend.health = healthOf(backend, this.#options.isProbed)
    if (backend.health === before) return []
    backend.healthSinceMs = nowMs
    const reason = reasonOf(backend)
    if (backend.health === 'draining') {
      const started: Transition = { event: 'drain_start', backend, reason }
      return backend.active > 0
        ? [started]
        : [started, { event: 'drain_done', backend, reason: '' }]
    }
    const told = tellings[backend.health]
    if (told === undefined || (told === backend.told && before !== 'draining')) return []
    backend.told = told
    return [{ event: `backend_${told}`, backend, reason }]
  }
}

/** What a transition says of a health; nothing where that is only for a moment. */
const tellings: Readonly<Partial<Record<Health, Backend['told']>>> = {
  up: 'up',
  down: 'down',
  overloaded: 'down',
  ejected: 'ejected',
}

/** Takes over what is different between the spec of before and that of `fresh`: what was set by hand stays. */
function follow(backend: Backend, fresh: Backend): void {
  const [old, spec] = [backend.spec, fresh.spec]
  if (spec.weight !== old.weight) backend.fullWeight = fresh.fullWeight
  if (spec.maxConnections !== old.maxConnections) backend.maxConnections = fresh.maxConnections
  if (spec.isDraining !== old.isDraining) backend.isAskedToDrain = fresh.isAskedToDrain
  backend.spec = spec
}

function byId(backends: readonly Backend[]): ReadonlyMap<string, Backend> {
  return new Map(backends.map((backend) => [backend.id, backend]))
}
