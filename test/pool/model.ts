import type { Special } from './pools.ts'

/** What the pool must know of a backend, written down as plainly as can be. */
export interface Known {
  readonly id: string
  spec: Special
  weight: number
  isAsked: boolean
  says: { isDraining: boolean; load: number }
  probed: { state: 'unknown' | 'up' | 'down'; good: number; bad: number }
  standing: 'up' | 'down' | 'ejected' | 'trial'
  cause: 'refused' | 'silent' | 'ejected'
  downPauseMs: number
  ejectedPauseMs: number
  ejectedAtMs: number
  retryAtMs: number
  trial: object | undefined
  inRow: number
  windowMs: number
  /** The ends of work since the window began: whether it failed. */
  window: boolean[]
  warmSinceMs: number
  isNew: boolean
  leases: number
  active: number
  ok: number
  failed: number
  aborted: number
}

export interface Manners {
  readonly failOpen: boolean
  readonly isProbed: boolean
  readonly ejects: boolean
  readonly slowStartMs: number
}

export interface Finding {
  readonly isWell: boolean
  readonly hasAnswered: boolean
  readonly load?: number
  readonly isDraining?: boolean
}

export interface Ended {
  readonly outcome: 'ok' | 'failed' | 'aborted'
  readonly lease: object
  readonly isTrial: boolean
  readonly isConnected: boolean
  readonly hasSent: boolean
  readonly isError: boolean
}

export const rules = { rise: 2, fall: 3 }

/** A pool without a strategy, a queue or any haste. */
export class Model {
  nowMs = 0
  limit = 0
  isFailOpen = false
  backends: Known[] = []
  readonly leaving: Known[] = []
  /** Who has been free at some time since this was cleared. */
  readonly wereFree: Set<Known> = new Set()
  readonly manners: Manners

  constructor(manners: Manners, specs: ReadonlyMap<string, Special>) {
    this.manners = manners
    this.update(specs)
  }

  health(b: Known): string {
    if (b.isAsked || b.says.isDraining) return 'draining'
    if (b.probed.state === 'down') return 'down'
    if (b.standing !== 'up') return b.standing
    if (b.says.load >= 1) return 'overloaded'
    return this.manners.isProbed && b.probed.state === 'unknown' ? 'unknown' : 'up'
  }

  limitOf(b: Known): number {
    return b.spec.maxConnections ?? this.limit
  }

  get inUse(): Known[] {
    return this.backends.filter((b) => this.health(b) !== 'draining')
  }

  get isNoneUp(): boolean {
    return this.inUse.every((b) => this.health(b) !== 'up')
  }

  /** Who may take work but for being full. */
  get open(): Known[] {
    if (this.manners.failOpen && this.isNoneUp) return this.inUse
    return this.inUse.filter((b) => {
      const health = this.health(b)
      if (health === 'trial') {
        const { isProbed } = this.manners
        const isKnown = !isProbed || b.probed.state !== 'unknown'
        return b.trial === undefined && b.says.load < 1 && isKnown
      }
      return health === 'up'
    })
  }

  get free(): Known[] {
    return this.open.filter((b) => this.limitOf(b) === 0 || b.active < this.limitOf(b))
  }

  weightNow(b: Known): number {
    const tenths = (this.nowMs - b.warmSinceMs) / (this.manners.slowStartMs / 10)
    const share = this.manners.slowStartMs === 0 ? 1 : Math.min(1, (Math.floor(tenths) + 1) / 10)
    const free = Math.max(1, Math.round(20 - 20 * Math.min(1, b.says.load))) / 20
    return b.weight * free * share
  }

  /** What a lease does before all else. */
  notice(): void {
    for (const b of this.backends) if (b.retryAtMs <= this.nowMs) tryAgain(b)
    this.changed()
  }

  lend(b: Known, lease: object): void {
    b.leases++
    b.active++
    if (b.standing === 'trial' && b.trial === undefined) b.trial = lease
  }

  connected(b: Known): void {
    if (b.standing !== 'up' && b.cause !== 'ejected') this.rise(b)
    this.changed()
  }

  answered(b: Known, lease: object, isError: boolean): void {
    if (!isError && b.standing === 'trial' && b.trial === lease) this.rise(b)
    this.changed()
  }

  ended(b: Known, ended: Ended): void {
    const { outcome, lease, isConnected, isError } = ended
    b.active--
    b[outcome]++
    b.window.push(outcome === 'failed')
    if (outcome === 'aborted') b.window.pop()
    const isTried = b.standing === 'trial' && b.trial === lease
    if (outcome === 'ok') {
      b.inRow = 0
      if (!isConnected) this.connected(b)
      if (isTried && !isError) this.rise(b)
    }
    if (outcome === 'failed') {
      if (isTried) this.#failedTrial(b, ended)
      else if (b.standing === 'up') this.#failedWork(b, ended)
      else if (b.standing === 'down' && b.cause === 'silent') this.#failedWork(b, ended)
    }
    if (b.standing === 'trial' && b.trial === lease) tryAgain(b)
    if (b.active === 0) remove(this.leaving, b)
    this.changed()
  }

  report(b: Known, finding: Finding): void {
    const { probed } = b
    const { isWell, hasAnswered, load = 0, isDraining = false } = finding
    const wasDown = probed.state === 'down'
    probed.good = isWell ? probed.good + 1 : 0
    probed.bad = isWell ? 0 : probed.bad + 1
    if (probed.state === 'unknown') probed.state = isWell ? 'up' : 'down'
    if (probed.good >= rules.rise) probed.state = 'up'
    if (probed.bad >= rules.fall) probed.state = 'down'
    if (hasAnswered || isWell) b.says = { load, isDraining }
    const isProof = isWell && b.cause === 'refused' && probed.good >= rules.rise
    if (b.standing !== 'up' && isProof) this.rise(b)
    if (probed.state === 'up' && (wasDown || b.isNew)) {
      b.isNew = false
      b.warmSinceMs = this.nowMs
    }
    this.changed()
  }

  update(specs: ReadonlyMap<string, Special>): void {
    const before = this.backends
    this.backends = [...specs].map(([id, spec]) => {
      const stays = before.find((b) => b.id === id) ?? this.leaving.find((b) => b.id === id)
      const b = stays ?? create(id, spec)
      if (stays === undefined && before.length > 0) {
        b.isNew = this.manners.isProbed
        if (!b.isNew) b.warmSinceMs = this.nowMs
      }
      if ((spec.weight ?? 1) !== (b.spec.weight ?? 1)) b.weight = spec.weight ?? 1
      const drains = spec.isDraining === true
      if (drains !== (b.spec.isDraining === true)) b.isAsked = drains
      b.spec = spec
      remove(this.leaving, b)
      return b
    })
    for (const b of before) {
      if (!this.backends.includes(b) && b.active > 0) this.leaving.push(b)
    }
    this.changed()
  }

  changed(): void {
    const isKnown = this.inUse.every((b) => this.health(b) !== 'unknown')
    const isNone = this.manners.failOpen && this.inUse.length > 0 && this.isNoneUp
    this.isFailOpen = isNone && (this.isFailOpen || isKnown)
    for (const b of this.free) this.wereFree.add(b)
  }

  rise(b: Known): void {
    if (b.standing === 'up') return
    Object.assign(b, { standing: 'up', retryAtMs: Number.POSITIVE_INFINITY, trial: undefined })
    Object.assign(b, { inRow: 0, windowMs: Number.NEGATIVE_INFINITY, warmSinceMs: this.nowMs })
  }

  mayEject(b: Known): boolean {
    const others = this.inUse.filter((other) => other !== b)
    const ejected = others.filter(({ standing, cause }) => standing !== 'up' && cause === 'ejected')
    const isHalf = (ejected.length + 1) * 2 <= this.inUse.length
    return this.inUse.includes(b) && isHalf && others.some((other) => this.health(other) === 'up')
  }

  #failedTrial(b: Known, ended: Ended): void {
    if (b.cause === 'ejected' && this.mayEject(b)) return this.#eject(b)
    if (!ended.isConnected) return this.#failedWork(b, ended)
    if (b.cause === 'ejected') this.rise(b)
  }

  #failedWork(b: Known, { isConnected, hasSent }: Ended): void {
    if (!isConnected && !hasSent) return this.#leaveOut(b, 'refused')
    b.inRow++
    if (this.nowMs - b.windowMs > 10_000) {
      b.windowMs = this.nowMs
      b.window = [true]
    }
    const failures = b.window.filter((failed) => failed).length
    const isMany = b.window.length >= 20 && failures * 2 > b.window.length
    const isTooMuch = b.inRow >= 5 || isMany
    if (this.manners.ejects && isTooMuch && this.mayEject(b)) this.#eject(b)
    else if (!isConnected) this.#leaveOut(b, 'silent')
  }

  #leaveOut(b: Known, cause: 'refused' | 'silent'): void {
    if (b.standing === 'down') return
    const doubles = b.standing === 'trial' && b.cause !== 'ejected'
    b.downPauseMs = doubles ? Math.min(2 * b.downPauseMs, 30_000) : 1_000
    b.standing = 'down'
    Object.assign(b, { cause, retryAtMs: this.nowMs + b.downPauseMs })
    b.probed.good = 0
  }

  #eject(b: Known): void {
    const isAgain = b.standing === 'trial' && b.cause === 'ejected'
    const isSoon = this.nowMs - b.ejectedAtMs < b.ejectedPauseMs + 60_000
    b.ejectedPauseMs = isAgain || isSoon ? Math.min(2 * b.ejectedPauseMs, 60_000) : 5_000
    b.ejectedAtMs = this.nowMs
    b.standing = 'ejected'
    Object.assign(b, { cause: 'ejected', retryAtMs: this.nowMs + b.ejectedPauseMs })
    b.probed.good = 0
  }
}

function create(id: string, spec: Special): Known {
  const never = Number.NEGATIVE_INFINITY
  return {
    id,
    spec,
    weight: spec.weight ?? 1,
    isAsked: spec.isDraining === true,
    says: { isDraining: false, load: 0 },
    probed: { state: 'unknown', good: 0, bad: 0 },
    ...{ standing: 'up', cause: 'refused', trial: undefined },
    ...{ downPauseMs: 0, ejectedPauseMs: 0, ejectedAtMs: never },
    ...{ retryAtMs: Number.POSITIVE_INFINITY, inRow: 0, windowMs: never, window: [] },
    ...{ warmSinceMs: never, isNew: false },
    ...{ leases: 0, active: 0, ok: 0, failed: 0, aborted: 0 },
  }
}

function tryAgain(b: Known): void {
  Object.assign(b, { standing: 'trial', retryAtMs: Number.POSITIVE_INFINITY, trial: undefined })
}

function remove(from: Known[], b: Known): void {
  const at = from.indexOf(b)
  if (at !== -1) from.splice(at, 1)
}
