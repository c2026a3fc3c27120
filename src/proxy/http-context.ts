import { type ErrorCode, errorKinds, PilotiError } from '../base/errors.ts'
import type { Log, LogFields } from '../base/log.ts'
import { Slots } from '../base/slots.ts'
import type { BackendConnection, ConnectionOwner } from '../http/backend-connection.ts'
import { Outbox } from '../http/outbox.ts'
import { IdleConnections } from '../net/reuse.ts'
import { Sweep } from '../net/sweep.ts'
import { Answers, type AnswersView } from '../pool/answers.ts'
import type { Backend } from '../pool/backend.ts'
import type { Pool } from '../pool/pool.ts'
import type { AccessLog } from './access-log.ts'
import { Failures } from './failures.ts'
import { farewells } from './farewells.ts'
import type { HttpClient } from './http-client.ts'
import type { HttpOptions } from './http-options.ts'
import { HttpSettings, type HttpTimeouts } from './http-settings.ts'
import { Outage, shortages } from './outage.ts'
import { RetryBudget } from './retry-budget.ts'
import type { Router } from './routes.ts'

/** What mode `http` counts; plain numbers, read by whoever asks. */
export interface HttpStats {
  /** Requests whose head was complete. */
  requests: number
  /** Requests whose exchange is under way. */
  active: number
  /** Requests that ended because the client left; logged as 499. */
  aborted: number
  /** Tries after the first one of an exchange. */
  retries: number
  /** Bytes from a backend that no request asked for. */
  desyncs: number
  /** Answers of the proxy's own, by error code. */
  readonly answers: Partial<Record<ErrorCode, number>>
  /** Answers of the proxy's own to requests that came to no pool. */
  readonly unrouted: Answers
}

/** A copy of the stats, and how many connections to backends wait for their next use. */
export interface HttpView extends Readonly<Omit<HttpStats, 'unrouted'>> {
  readonly unrouted: AnswersView
  readonly idleConnections: number
}

/** What all exchanges of a proxy share. */
export class HttpContext implements ConnectionOwner {
  readonly log: Log
  readonly accessLog: AccessLog | undefined
  /** What new requests go by. */
  settings: HttpSettings
  readonly sweep: Sweep = new Sweep()
  readonly outbox: Outbox = new Outbox()
  readonly idle: IdleConnections<Readonly<Backend>, BackendConnection>
  readonly budget: RetryBudget = new RetryBudget(() => performance.now())
  /** Backends that were seen to speak HTTP/1.0: they get no chunks. RFC 9112 6.1 */
  readonly oldBackends: WeakSet<Readonly<Backend>> = new WeakSet()
  readonly stats: HttpStats = {
    requests: 0,
    active: 0,
    aborted: 0,
    retries: 0,
    desyncs: 0,
    answers: {},
    unrouted: new Answers(),
  }
  readonly clients: Slots<'slot', HttpClient> = new Slots('slot')
  isDraining = false
  /** How to stop hearing of the pools in use. */
  readonly #watched = new Map<Pool, () => void>()
  /** Of the pools that turn clients away; weak, since requests of one may outlast its routes. */
  readonly #outages = new WeakMap<Pool, Outage>()
  readonly #failures: Failures

  /** @throws PilotiError ADDRESS for what `trust` holds. */
  constructor(
    router: Router,
    log: Log,
    options: HttpOptions & HttpTimeouts,
    accessLog: AccessLog | undefined,
  ) {
    this.log = log
    this.#failures = new Failures(log, this.sweep)
    this.accessLog = accessLog
    this.settings = new HttpSettings(options, router)
    this.idle = new IdleConnections(this.sweep, options.idleConnectionsMax)
    this.#watch(router.pools)
  }

  /** New requests go by these; those under way keep what they have. @throws as the constructor. */
  configure(options: HttpOptions & HttpTimeouts, router: Router): void {
    this.settings = new HttpSettings(options, router)
    this.idle.perBackendMax = options.idleConnectionsMax
    if (!this.isDraining) this.#watch(router.pools)
  }

  /** Keeps a connection whose exchange is complete, for as long as the backend surely keeps it too. */
  keep(connection: BackendConnection): void {
    const { idleConnectionsMax, reuseTimeoutMs, reuseTimeoutMaxMs } = this.settings.options
    const { backend, head } = connection
    const { keepAliveTimeoutS } = head
    const promisedMs = keepAliveTimeoutS === -1 ? reuseTimeoutMs : (keepAliveTimeoutS - 1) * 1_000
    const keptMs = Math.min(promisedMs, reuseTimeoutMaxMs)
    const isLeaving = this.isDraining || backend.isDraining || backend.isRemoved
    if (keptMs <= 0 || idleConnectionsMax === 0 || isLeaving) return connection.destroy()
    connection.exchanges++
    connection.idleUntilMs = this.sweep.nowMs + keptMs
    // More were never needed at a time: retries that dial would leave one behind each.
    this.idle.put(backend, connection, backend.activePeak)
  }

  /** Counts, and tells the log, what went wrong with a request, perhaps one for `pool`. */
  report(code: ErrorCode, message: string, fields: LogFields, pool?: Pool): void {
    const { answers } = this.stats
    answers[code] = (answers[code] ?? 0) + 1
    if (pool !== undefined && shortages.has(code)) {
      return this.#outageOf(pool).refuse(new PilotiError(code, message))
    }
    const { side } = errorKinds[code]
    const known = { code, ...fields }
    if (side === 'backend') return this.#failures.tell(message, known)
    this.log[side === 'client' ? 'debug' : 'warn']('request_failed', message, known)
  }

  /** A client of `pool` was served. */
  served(pool: Pool): void {
    if (this.#outages.get(pool)?.over()) this.#outages.delete(pool)
  }

  /** Ends what is idle; what is busy ends by itself. */
  drain(): void {
    this.isDraining = true
    this.#watch([])
    this.idle.clear()
    this.#failures.end()
    for (const client of this.clients) client.drain()
  }

  view(): HttpView {
    const { answers, unrouted, ...stats } = this.stats
    const idleConnections = this.idle.count
    return { ...stats, answers: { ...answers }, unrouted: unrouted.view(), idleConnections }
  }

  lost(connection: BackendConnection): void {
    this.idle.remove(connection.backend, connection)
  }

  desynced(connection: BackendConnection): void {
    this.stats.desyncs++
    const { id } = connection.backend
    this.log.warn('desync', `backend ${id} sent bytes that no request asked for`, { backend: id })
  }

  /** Hears of these pools, and of no others. */
  #watch(pools: readonly Pool[]): void {
    for (const [pool, stop] of this.#watched) {
      if (pools.includes(pool)) continue
      stop()
      this.#watched.delete(pool)
      this.#outages.delete(pool)
      for (const backend of pool.backends) this.idle.drop(backend)
    }
    for (const pool of pools) {
      if (this.#watched.has(pool)) continue
      const stop = pool.onTransition(({ event, backend }) => {
        if (backend !== undefined && farewells.has(event)) this.idle.drop(backend)
      })
      this.#watched.set(pool, stop)
    }
  }

  #outageOf(pool: Pool): Outage {
    let outage = this.#outages.get(pool)
    if (outage === undefined) {
      outage = new Outage(this.log)
      this.#outages.set(pool, outage)
    }
    return outage
  }
}
