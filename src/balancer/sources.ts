import { setTimeout as delay } from 'node:timers/promises'
import { formatAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { createDiscovery } from '../discovery/create.ts'
import type { Discovery } from '../discovery/discovery.ts'
import type { BackendSpec } from '../pool/backend.ts'
import { canonical } from './differs.ts'
import type { SourceSpec } from './spec.ts'

interface Source {
  readonly discovery: Discovery
  specs: readonly BackendSpec[]
}

/** What would be found, and how to make it so or to let it be. */
export interface Prepared {
  readonly specs: readonly BackendSpec[]
  commit(): void
  abort(): void
}

/** A start waits no longer for a source that has told nothing yet. */
const startTimeoutMs = 3_000

/**
 * Where the backends of one pool come from: those that are named, and those that are found.
 *
 * A source that fails keeps what it has found before.
 */
export class Sources {
  readonly #pool: string
  /** By what they are, so that a reload keeps those that stay, and what they have found. */
  #sources: ReadonlyMap<string, Source> = new Map()
  #named: readonly BackendSpec[] = []
  #doubles: ReadonlySet<string> = new Set()
  #changed: () => void = () => {}

  constructor(pool: string) {
    this.#pool = pool
  }

  /** Named ones first, then those of each source; of those that are told of twice, the first. */
  get specs(): readonly BackendSpec[] {
    return union(this.#named, this.#sources).specs
  }

  /** Calls `changed` whenever other backends are found from now on. */
  follow(changed: () => void): void {
    this.#changed = changed
  }

  /**
   * Starts what is new, and waits until it has found something or cannot.
   *
   * @param log is told what they find, and why they do not.
   * @returns `specs` as they will be; `commit` makes it so, `abort` takes everything back.
   * @throws PilotiError ADDRESS when a backend is named twice, or a source cannot be.
   */
  async prepare(
    named: readonly BackendSpec[],
    wanted: readonly SourceSpec[],
    log: Log,
  ): Promise<Prepared> {
    refuseDoubles(named)
    const sources = new Map<string, Source>()
    const fresh: Source[] = []
    for (const spec of wanted) {
      const key = canonical(spec)!
      if (sources.has(key)) continue
      const known = this.#sources.get(key)
      const source = known ?? { discovery: createDiscovery(spec), specs: [] }
      if (known === undefined) fresh.push(source)
      sources.set(key, source)
    }
    await startAll(fresh.map((source) => () => this.#start(source, log)))
    return {
      specs: union(named, sources).specs,
      commit: () => {
        for (const [key, { discovery }] of this.#sources) if (!sources.has(key)) discovery.close()
        this.#named = named
        this.#sources = sources
        this.#tellDoubles(log)
      },
      abort: () => {
        for (const { discovery } of fresh) discovery.close()
      },
    }
  }

  close(): void {
    for (const { discovery } of this.#sources.values()) discovery.close()
  }

  #start(source: Source, log: Log): Promise<void> {
    const { name } = source.discovery
    const fields = { pool: this.#pool, source: name }
    return source.discovery.start({
      found: (specs) => {
        source.specs = specs
        log.info('discovered', `${name} tells of ${counted(specs)}`, fields)
        // Before it is committed it is nobody's.
        if (![...this.#sources.values()].includes(source)) return
        this.#tellDoubles(log)
        this.#changed()
      },
      failed: ({ code, message }) => {
        const kept = `${counted(source.specs)} of it stay`
        log.warn('discovery_failed', `${message}; ${kept}`, { ...fields, code })
      },
    })
  }

  /** Once each, until it is over. */
  #tellDoubles(log: Log): void {
    const before = this.#doubles
    const { doubles } = union(this.#named, this.#sources)
    this.#doubles = new Set(doubles.keys())
    for (const [backend, [first, second]] of doubles) {
      if (before.has(backend)) continue
      const sentence = `backend ${backend} of ${second} is also one of ${first}: that one counts`
      log.warn('backend_double', sentence, { pool: this.#pool, backend })
    }
  }
}

/** Waits until all have begun, or the time for that is over. */
async function startAll(starts: readonly (() => Promise<void>)[]): Promise<void> {
  if (starts.length === 0) return
  const waiting = new AbortController()
  const limit = delay(startTimeoutMs, undefined, { signal: waiting.signal }).catch(() => {})
  await Promise.race([Promise.all(starts.map((start) => start())), limit])
  waiting.abort()
}

interface Union {
  readonly specs: readonly BackendSpec[]
  /** Who tells of a backend first, and who again. */
  readonly doubles: ReadonlyMap<string, readonly [first: string, second: string]>
}

function union(named: readonly BackendSpec[], sources: ReadonlyMap<string, Source>): Union {
  const known = new Map<string, { readonly spec: BackendSpec; readonly by: string }>()
  const doubles = new Map<string, readonly [string, string]>()
  const add = (specs: readonly BackendSpec[], by: string): void => {
    for (const spec of specs) {
      const id = formatAddress(spec.address)
      const first = known.get(id)
      if (first === undefined) known.set(id, { spec, by })
      else if (!doubles.has(id)) doubles.set(id, [first.by, by])
    }
  }
  add(named, 'those named')
  for (const { discovery, specs } of sources.values()) add(specs, discovery.name)
  return { specs: [...known.values()].map(({ spec }) => spec), doubles }
}

function refuseDoubles(specs: readonly BackendSpec[]): void {
  const seen = new Set<string>()
  for (const { address } of specs) {
    const id = formatAddress(address)
    if (seen.has(id)) throw new PilotiError('ADDRESS', `backend ${id} is named twice`)
    seen.add(id)
  }
}

const counted = ({ length }: readonly BackendSpec[]): string =>
  `${length} ${length === 1 ? 'backend' : 'backends'}`
