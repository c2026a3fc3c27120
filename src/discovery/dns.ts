import { Resolver } from 'node:dns'
import { setMaxListeners } from 'node:events'
import { PilotiError } from '../base/errors.ts'
import { jittered, type Random } from '../base/random.ts'
import type { BackendSpec } from '../pool/backend.ts'
import type { Discovery, DiscoveryObserver } from './discovery.ts'
import { type Found, Lookup } from './dns-lookup.ts'
import type { Server } from './dns-query.ts'
import { isKnownHost } from './host.ts'
import {
  checkedName,
  checkedService,
  describeSource,
  parseServer,
  type SourceSpec,
  serverOf,
} from './source.ts'
import { Teller } from './teller.ts'

export type DnsSource = Extract<SourceSpec, { kind: 'dns' | 'srv' }>

export interface DnsDiscoveryOptions {
  /** How long a name server may take for an answer; 2 s by default. */
  readonly timeoutMs?: number
  /** How soon it looks again after a failure; 5 s by default, twice as long each time up to a minute. */
  readonly retryMs?: number
  /** It looks again no sooner than that, however short the time to live; 1 s by default. */
  readonly ttlLeastMs?: number
  readonly random?: Random
}

const ttlMostMs = 300_000
const retryMostMs = 60_000

/**
 * Finds the backends that a name has in DNS, and asks again when the answer is no longer true.
 *
 * @throws PilotiError ADDRESS for a name or a name server that cannot be.
 */
export function createDnsDiscovery(
  source: DnsSource,
  options: DnsDiscoveryOptions = {},
): Discovery {
  const check = source.kind === 'srv' ? checkedService : checkedName
  const name = check(source.name, source.name)
  if (source.kind === 'dns' && isKnownHost(name)) {
    return new Known(describeSource(source), [
      { address: { host: name, port: source.port }, weight: 1 },
    ])
  }
  return new DnsDiscovery({ ...source, name }, options)
}

class Known implements Discovery {
  readonly name: string
  readonly #specs: readonly BackendSpec[]

  constructor(name: string, specs: readonly BackendSpec[]) {
    this.name = name
    this.#specs = specs
  }

  async start(observer: DiscoveryObserver): Promise<void> {
    observer.found(this.#specs)
  }

  close(): void {}
}

class DnsDiscovery implements Discovery {
  readonly name: string
  readonly #source: DnsSource
  readonly #retryMs: number
  readonly #ttlLeastMs: number
  readonly #random: Random
  readonly #lookup: Lookup
  readonly #closing = new AbortController()
  #teller: Teller | undefined
  #timer: NodeJS.Timeout | undefined
  #failures = 0

  constructor(source: DnsSource, options: DnsDiscoveryOptions) {
    const { timeoutMs = 2_000, retryMs = 5_000, ttlLeastMs = 1_000, random = Math.random } = options
    this.name = describeSource(source)
    this.#source = source
    this.#retryMs = retryMs
    this.#ttlLeastMs = ttlLeastMs
    this.#random = random
    const { signal } = this.#closing
    setMaxListeners(0, signal)
    const own = source.server === undefined ? undefined : [parseServer(source.server)]
    this.#lookup = new Lookup(() => ({ servers: own ?? serversOfSystem(), timeoutMs, signal }))
  }

  start(observer: DiscoveryObserver): Promise<void> {
    this.#teller = new Teller(observer)
    if (this.#closing.signal.aborted) this.#teller.close()
    else void this.#look()
    return this.#teller.begun
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#teller?.close()
    this.#closing.abort()
  }

  async #look(): Promise<void> {
    const found = await this.#ask()
    if (this.#closing.signal.aborted) return
    const { specs, problem } = found
    const error = problem === '' ? undefined : this.#error(problem)
    if (specs.length > 0) this.#teller?.found(specs, error)
    else if (error !== undefined) this.#teller?.failed(error)
    this.#timer = setTimeout(() => void this.#look(), this.#pauseMs(found)).unref()
  }

  #ask(): Promise<Found> {
    const { kind, name, port } = this.#source
    return kind === 'dns' ? this.#lookup.addresses(name, port) : this.#lookup.services(name, port)
  }

  #error(problem: string): PilotiError {
    return new PilotiError('DISCOVERY', `cannot find the backends of ${this.name}: ${problem}`)
  }

  #pauseMs({ ttlS, problem }: Found): number {
    if (problem === '') {
      this.#failures = 0
      return Math.min(Math.max(ttlS * 1_000, this.#ttlLeastMs), ttlMostMs)
    }
    const pauseMs = Math.min(this.#retryMs * 2 ** this.#failures++, retryMostMs)
    // Not all at once, when many wait for one name server.
    return jittered(pauseMs, 0.1, this.#random)
  }
}

/** A new resolver reads the system's settings again. */
const serversOfSystem = (): Server[] =>
  new Resolver().getServers().flatMap((text) => serverOf(text) ?? [])
