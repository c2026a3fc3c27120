import type { Log } from '../base/log.ts'
import type { Probe } from '../health/probe.ts'
import { createProbe } from '../health/spec.ts'
import { createWatch, type Watch } from '../health/watch.ts'
import { announce } from '../pool/announce.ts'
import type { Change } from '../pool/membership.ts'
import { type PoolOptions, poolDefaults } from '../pool/options.ts'
import { Pool } from '../pool/pool.ts'
import type { Strategy } from '../pool/strategy.ts'
import { type Affinity, createAffinity } from '../proxy.ts'
import { keyed } from '../strategies/keyed.ts'
import { type Prepared, Sources } from './sources.ts'
import type { HealthSpec, PoolSpec } from './spec.ts'
import { isStrategyFile, loadStrategy } from './strategy-file.ts'

/** What would change, said for people, and how to make it so, which cannot fail, or to let it be. */
export interface Step {
  readonly plan: readonly string[]
  commit(): void
  abort(): void
}

/** A pool with all that keeps it true: discovery, probes, and what its spec says. */
export class RunningPool {
  readonly name: string
  readonly pool: Pool
  affinity: Affinity | undefined
  #spec: PoolSpec
  readonly #log: Log
  readonly #sources: Sources
  #watch: Watch | undefined
  readonly #silence: () => void

  /**
   * Finds its backends, and asks them for the first time.
   *
   * @throws PilotiError for a strategy or a backend that cannot be, RangeError for an option out of range.
   */
  static async open(spec: PoolSpec, log: Log): Promise<RunningPool> {
    const probe = probeOf(spec)
    const strategy = await strategyOf(spec, log)
    const sources = new Sources(spec.name, log)
    const prepared = await sources.prepare(spec.backends, spec.sources ?? [])
    try {
      const running = new RunningPool(spec, strategy, sources, prepared, log)
      running.#startWatch(probe)
      await running.#watch?.ready
      return running
    } catch (error) {
      prepared.abort()
      throw error
    }
  }

  private constructor(
    spec: PoolSpec,
    strategy: Strategy,
    sources: Sources,
    prepared: Prepared,
    log: Log,
  ) {
    this.name = spec.name
    this.pool = new Pool(prepared.specs, strategy, poolOptionsOf(spec))
    this.affinity = spec.affinity && createAffinity(spec.affinity, this.pool)
    this.#spec = spec
    this.#log = log
    this.#sources = sources
    prepared.commit()
    sources.follow(() => this.pool.update(sources.specs))
    this.#silence = announce(this.pool, log)
  }

  /** @throws as `open`; nothing has changed then. */
  async prepare(spec: PoolSpec): Promise<Step> {
    const before = this.#spec
    const probe = probeOf(spec)
    const reloads = spec.strategy !== before.strategy || isStrategyFile(spec.strategy)
    const isAffinityNew = differs(spec.affinity, before.affinity)
    const isPicked = reloads || isAffinityNew
    const strategy = isPicked ? await strategyOf(spec, this.#log) : undefined
    const affinity = isAffinityNew
      ? spec.affinity && createAffinity(spec.affinity, this.pool)
      : this.affinity
    const sources = await this.#sources.prepare(spec.backends, spec.sources ?? [])
    const changes = this.pool.plan(sources.specs)
    return {
      plan: [
        ...changes.map((change) => `${sentenceOf(change)} (pool ${this.name})`),
        ...settings(before, spec),
      ],
      commit: () => {
        sources.commit()
        if (strategy !== undefined) this.pool.use(strategy)
        this.affinity = affinity
        this.pool.configure(poolOptionsOf(spec))
        this.pool.update(this.#sources.specs)
        if (differs(spec.health, before.health)) this.#startWatch(probe)
        this.#spec = spec
      },
      abort: () => sources.abort(),
    }
  }

  /** Follows nothing any more; work under way ends by itself. */
  close(): void {
    this.#sources.close()
    this.#watch?.close()
    this.#silence()
  }

  #startWatch(probe: Probe | undefined): void {
    this.#watch?.close()
    const options = this.#healthOptions()
    this.#watch = probe && createWatch(this.pool, probe, options, this.#log)
  }

  #healthOptions(): Partial<HealthSpec> {
    const { health } = this.#spec
    return typeof health === 'object' ? health : {}
  }
}

function probeOf({ health = { kind: 'tcp' } }: PoolSpec): Probe | undefined {
  return health === 'off' ? undefined : createProbe(health)
}

/** With a strategy that ignores keys, requests with a key are spread by it, the others by the strategy. */
async function strategyOf({ affinity, strategy }: PoolSpec, log: Log): Promise<Strategy> {
  const own = await loadStrategy(strategy, log)
  const hasKey = affinity !== undefined && affinity.kind !== 'cookie'
  return hasKey && own.ignoresKey ? keyed(own) : own
}

function poolOptionsOf(spec: PoolSpec): Omit<PoolOptions, 'now' | 'random'> {
  const { failOpen, slowStartMs, maxConnections, queueMax, queueTimeoutMs } = poolDefaults
  return {
    slowStartMs: spec.slowStartMs ?? slowStartMs,
    ejects: spec.ejection ?? true,
    failOpen: spec.failOpen ?? failOpen,
    isProbed: spec.health !== 'off',
    maxConnections: spec.maxConnections ?? maxConnections,
    queueMax: spec.queueMax ?? queueMax,
    queueTimeoutMs: spec.queueTimeoutMs ?? queueTimeoutMs,
    drainHonoursAffinity: spec.drainHonoursAffinity ?? false,
  }
}

/** `+ 127.0.0.1:5003`, `- 127.0.0.1:5001 drained`, `~ 127.0.0.1:5000 weight 1→3` */
function sentenceOf({ what, id, from, to }: Change): string {
  if (what === 'added') return `+ backend ${id}`
  if (what === 'removed') return `- backend ${id}, drained`
  if (what === 'draining' || what === 'ready') return `~ backend ${id} ${what}`
  return `~ backend ${id} ${what === 'limit' ? 'maxConnections' : what} ${from}→${to}`
}

/** The settings of a pool that change; backends and where they come from are told of one by one. */
function settings(before: PoolSpec, after: PoolSpec): string[] {
  const keys = Object.keys({ ...before, ...after }) as (keyof PoolSpec)[]
  return keys
    .filter((key) => key !== 'backends' && differs(before[key], after[key]))
    .map((key) => `~ pool ${after.name} ${key} ${shown(before[key])}→${shown(after[key])}`)
}

/** A secret is not for the log. */
const shown = (value: unknown): string =>
  value === undefined
    ? 'default'
    : typeof value === 'object'
      ? JSON.stringify(value, (key, inner) => (key === 'secret' ? '…' : inner))
      : String(value)

export const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b)
