import { PilotiError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { createProbe } from '../health/spec.ts'
import { createWatch, type Watch } from '../health/watch.ts'
import { announce } from '../pool/announce.ts'
import { type PoolOptions, poolDefaults } from '../pool/options.ts'
import { Pool } from '../pool/pool.ts'
import type { Strategy } from '../pool/strategy.ts'
import { type Affinity, createAffinity } from '../proxy.ts'
import { keyed } from '../strategies/keyed.ts'
import { differs } from './differs.ts'
import { backendLine, settingLines } from './plan-lines.ts'
import { type Prepared, Sources } from './sources.ts'
import type { HealthSpec, PoolSpec } from './spec.ts'
import { loadStrategy, versionOf } from './strategy-file.ts'

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
  /** Of the strategy's file. */
  #version: string
  readonly #log: Log
  readonly #sources: Sources
  #watch: Watch | undefined
  #silence = (): void => {}

  /**
   * Finds its backends; `open` asks them whether they are well.
   *
   * @throws PilotiError for a strategy or a backend that cannot be, RangeError for an option out of range.
   */
  static async find(spec: PoolSpec, log: Log): Promise<RunningPool> {
    check(spec)
    const version = versionOf(spec.strategy)
    const strategy = await strategyOf(spec, log)
    const sources = new Sources(spec.name)
    const prepared = await sources.prepare(spec.backends, spec.sources ?? [], log)
    try {
      return new RunningPool(spec, { strategy, version }, sources, prepared, log)
    } catch (error) {
      prepared.abort()
      throw error
    }
  }

  private constructor(
    spec: PoolSpec,
    { strategy, version }: { readonly strategy: Strategy; readonly version: string },
    sources: Sources,
    prepared: Prepared,
    log: Log,
  ) {
    this.name = spec.name
    this.pool = new Pool(prepared.specs, strategy, poolOptionsOf(spec))
    this.affinity = spec.affinity && createAffinity(spec.affinity, this.pool)
    this.#spec = spec
    this.#version = version
    this.#log = log
    this.#sources = sources
    prepared.commit()
    sources.follow(() => this.pool.update(sources.specs))
  }

  /** Asks its backends for the first time, and waits for that. */
  async open(): Promise<void> {
    this.#silence = announce(this.pool, ofPool(this.#log, this.name))
    this.#startWatch()
    await this.#watch?.ready
  }

  /**
   * Does all that can fail.
   *
   * @param log is told what new sources find.
   * @throws as `find`, and DISCOVERY when no backend would be left; nothing has changed then.
   */
  async prepare(spec: PoolSpec, log: Log): Promise<Step> {
    const before = this.#spec
    check(spec)
    const version = versionOf(spec.strategy)
    const isFileNew = spec.strategy === before.strategy && version !== this.#version
    const isAffinityNew = differs(spec.affinity, before.affinity)
    const isPickNew = isFileNew || isAffinityNew || spec.strategy !== before.strategy
    const strategy = isPickNew ? await strategyOf(spec, this.#log) : undefined
    const affinity = isAffinityNew
      ? spec.affinity && createAffinity(spec.affinity, this.pool)
      : this.affinity
    const sources = await this.#sources.prepare(spec.backends, spec.sources ?? [], log)
    try {
      const backends = this.#backendLines(spec, sources)
      const changed = isFileNew ? [`~ pool ${this.name} strategy ${spec.strategy}, changed`] : []
      return {
        plan: [...backends, ...settingLines(before, spec), ...changed],
        commit: () => {
          this.#spec = spec
          this.#version = version
          sources.commit()
          if (strategy !== undefined) this.pool.use(strategy)
          this.affinity = affinity
          this.pool.configure(poolOptionsOf(spec))
          // They may have found others meanwhile.
          this.pool.update(this.#sources.specs)
          if (differs(spec.health, before.health)) this.#startWatch()
        },
        abort: () => sources.abort(),
      }
    } catch (error) {
      sources.abort()
      throw error
    }
  }

  /** Follows nothing any more; work under way ends by itself. */
  close(): void {
    this.#sources.close()
    this.#watch?.close()
    this.#silence()
  }

  #backendLines({ backends }: PoolSpec, { specs }: Prepared): string[] {
    if (specs.length === 0 && backends.length === 0 && this.#isFed()) {
      const text = `pool '${this.name}' would lose all backends: its new sources tell of none`
      throw new PilotiError('DISCOVERY', text)
    }
    return this.pool.plan(specs).map((change) => `${backendLine(change)} (pool ${this.name})`)
  }

  /** Whether sources have found what it has. */
  #isFed(): boolean {
    return this.pool.backends.length > 0 && (this.#spec.sources ?? []).length > 0
  }

  #startWatch(): void {
    this.#watch?.close()
    const { health = usualHealth } = this.#spec
    this.#watch =
      health === 'off' ? undefined : createWatch(this.pool, createProbe(health), health, this.#log)
  }
}

const usualHealth: HealthSpec = { kind: 'tcp' }

/** Tries all that may be out of range on a pool without backends. @throws RangeError */
function check(spec: PoolSpec): void {
  const nobody = new Pool([], { name: '', pick: ([first]) => first }, poolOptionsOf(spec))
  const { health = usualHealth } = spec
  if (health !== 'off') createWatch(nobody, createProbe(health), health).close()
  if (spec.affinity !== undefined) createAffinity(spec.affinity, nobody)
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

/** Says of which pool each line is: a backend may be in several. */
function ofPool(log: Log, pool: string): Log {
  const to =
    (level: keyof Log): Log[keyof Log] =>
    (event, sentence, fields) =>
      log[level](event, sentence, { pool, ...fields })
  return { debug: to('debug'), info: to('info'), warn: to('warn'), error: to('error') }
}
