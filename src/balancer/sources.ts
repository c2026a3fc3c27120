import { setTimeout as delay } from 'node:timers/promises'
import { formatAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { createDiscovery } from '../discovery/create.ts'
import type { Discovery } from '../discovery/discovery.ts'
import type { BackendSpec } from '../pool/backend.ts'
import type { SourceSpec } from './spec.ts'

interface Source {
  readonly discovery: Discovery
  specs: readonly BackendSpec[]
}

/** A start waits no longer for a source that has told nothing yet. */
const startTimeoutMs = 3_000

/** Where the backends of one pool come from: those that are named, and those that are found. */
export class Sources {
  readonly #pool: string
  readonly #log: Log
  /** By what they are, so that a reload keeps those that stay, and what they have found. */
  #sources: ReadonlyMap<string, Source> = new Map()
  #named: readonly BackendSpec[] = []
  readonly #doubles = new Set<string>()
  #changed: () => void = () => {}

  constructor(pool: string, log: Log) {
    this.#pool = pool
    this.#log = log
  }

  /** All backends; of those that are told of twice, the first. */
  get specs(): readonly BackendSpec[] {
    const found = [...this.#sources.values()].flatMap(({ specs }) => specs)
    return this.#union([...this.#named, ...found])
  }

  /** Calls `changed` whenever other backends are found from now on. */
  follow(changed: () => void): void {
    this.#changed = changed
  }

  /**
   * Starts what is new, and waits until it has found something or cannot.
   *
   * @returns `specs` as they will be; `commit` makes it so, `abort` takes everything back.
   * @throws PilotiError ADDRESS when a backend is named twice, or a source cannot be.
   */
  async prepare(named: readonly BackendSpec[], wanted: readonly SourceSpec[]): Promise<Prepared> {
    refuseDoubles(named)
    const sources = new Map<string, Source>()
    const fresh: Source[] = []
    for (const spec of wanted) {
      const key = JSON.stringify(spec)
      const source = this.#sources.get(key) ?? { discovery: createDiscovery(spec), specs: [] }
      if (!this.#sources.has(key)) fresh.push(source)
      sources.set(key, source)
    }
    const started = Promise.all(fresh.map((source) => this.#start(source)))
    const waiting = new AbortController()
    const limit = delay(startTimeoutMs, undefined, { signal: waiting.signal }).catch(() => {})
    await Promise.race([started, limit])
    waiting.abort()
    const found = [...sources.values()].flatMap(({ specs }) => specs)
    return {
      specs: this.#union([...named, ...found]),
      commit: () => {
        for (const [key, { discovery }] of this.#sources) if (!sources.has(key)) discovery.close()
        this.#named = named
        this.#sources = sources
      },
      abort: () => {
        for (const { discovery } of fresh) discovery.close()
      },
    }
  }

  /** Of backends that are told of twice, the first; the second is reported once. */
  #union(specs: readonly BackendSpec[]): readonly BackendSpec[] {
    const byId = new Map<string, BackendSpec>()
    for (const spec of specs) {
      const id = formatAddress(spec.address)
      if (!byId.has(id)) byId.set(id, spec)
      else if (!this.#doubles.has(id)) {
        this.#doubles.add(id)
        const sentence = `backend ${id} is told of twice: the first time counts`
        this.#log.warn('backend_double', sentence, { pool: this.#pool, backend: id })
      }
    }
    for (const id of this.#doubles) if (!byId.has(id)) this.#doubles.delete(id)
    return [...byId.values()]
  }

  close(): void {
    for (const { discovery } of this.#sources.values()) discovery.close()
  }

  #start(source: Source): Promise<void> {
    const { name } = source.discovery
    return source.discovery.start({
      found: (specs) => {
        source.specs = specs
        const sentence = `${name} tells of ${specs.length} backends`
        this.#log.info('discovered', sentence, { pool: this.#pool, source: name })
        this.#changed()
      },
      failed: (error) => {
        const kept = `${source.specs.length} backends stay as they were`
        this.#log.warn('discovery_failed', `${error.message}; ${kept}`, {
          pool: this.#pool,
          source: name,
          code: error.code,
        })
      },
    })
  }
}

export interface Prepared {
  readonly specs: readonly BackendSpec[]
  commit(): void
  abort(): void
}

function refuseDoubles(specs: readonly BackendSpec[]): void {
  const ids = specs.map(({ address }) => formatAddress(address))
  const double = ids.find((id, index) => ids.indexOf(id) < index)
  if (double !== undefined) throw new PilotiError('ADDRESS', `backend ${double} is named twice`)
}
