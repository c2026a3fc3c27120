import { type ErrorCode, errorKinds, PilotiError } from '../base/errors.ts'
import type { Log, LogFields } from '../base/log.ts'
import { Slots } from '../base/slots.ts'
import { RequestHead } from '../codecs/http1-request.ts'
import type { BackendConnection, ConnectionOwner } from '../http/backend-connection.ts'
import { Outbox } from '../http/outbox.ts'
import { IdleConnections } from '../net/reuse.ts'
import { Sweep } from '../net/sweep.ts'
import type { Backend } from '../pool/backend.ts'
import type { Pool } from '../pool/pool.ts'
import { TrustedPeers } from './forwarded.ts'
import type { HttpClient } from './http-client.ts'
import type { HttpOptions } from './http-options.ts'
import { RequestLines } from './http-request-lines.ts'
import { Outage } from './outage.ts'
import { RetryBudget } from './retry-budget.ts'

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
}

/** A copy of the stats, and how many connections to backends wait for their next use. */
export interface HttpView extends Readonly<HttpStats> {
  readonly idleConnections: number
}

export interface HttpTimeouts {
  readonly connectTimeoutMs: number
  readonly retriesMax: number
}

const headsMax = 1_024
const peersMax = 1_024

/** What all exchanges of a proxy share. */
export class HttpContext implements ConnectionOwner {
  readonly pool: Pool
  readonly log: Log
  readonly options: HttpOptions & HttpTimeouts
  readonly sweep: Sweep = new Sweep()
  readonly outbox: Outbox = new Outbox()
  readonly idle: IdleConnections<Readonly<Backend>, BackendConnection>
  readonly budget: RetryBudget = new RetryBudget(() => performance.now())
  readonly trusted: TrustedPeers
  readonly outage: Outage
  /** Backends that were seen to speak HTTP/1.0: they get no chunks. RFC 9112 6.1 */
  readonly oldBackends: WeakSet<Readonly<Backend>> = new WeakSet()
  readonly stats: HttpStats = {
    requests: 0,
    active: 0,
    aborted: 0,
    retries: 0,
    desyncs: 0,
    answers: {},
  }
  readonly clients: Slots<'slot', HttpClient> = new Slots('slot')
  isDraining = false
  readonly #heads: RequestHead[] = []
  readonly #lines = new Map<string, RequestLines>()

  constructor(pool: Pool, log: Log, options: HttpOptions & HttpTimeouts) {
    this.pool = pool
    this.log = log
    this.options = options
    this.idle = new IdleConnections(this.sweep, options.idleConnectionsMax)
    this.trusted = new TrustedPeers(options.trust)
    this.outage = new Outage(log)
  }

  /** What is added to the requests of `peer`. */
  linesOf(peer: string): RequestLines {
    let lines = this.#lines.get(peer)
    if (lines !== undefined) return lines
    if (this.#lines.size >= peersMax) this.#lines.clear()
    lines = new RequestLines(peer, this)
    this.#lines.set(peer, lines)
    return lines
  }

  /** A parser for the next request: an idle connection needs none. */
  takeHead(): RequestHead {
    return this.#heads.pop() ?? new RequestHead(this.options)
  }

  giveHeadBack(head: RequestHead): void {
    head.reset()
    if (this.#heads.length < headsMax) this.#heads.push(head)
  }

  /** Keeps a connection whose exchange is complete, for as long as the backend surely keeps it too. */
  keep(connection: BackendConnection): void {
    const { idleConnectionsMax, reuseTimeoutMs, reuseTimeoutMaxMs } = this.options
    const { keepAliveTimeoutS } = connection.head
    const promisedMs = keepAliveTimeoutS === -1 ? reuseTimeoutMs : (keepAliveTimeoutS - 1) * 1_000
    const keptMs = Math.min(promisedMs, reuseTimeoutMaxMs)
    const isWanted = keptMs > 0 && idleConnectionsMax > 0 && !this.isDraining
    if (!isWanted) return connection.destroy()
    connection.exchanges++
    connection.idleUntilMs = this.sweep.nowMs + keptMs
    this.idle.put(connection.backend, connection)
  }

  /** Counts, and tells the log, what went wrong with a request. */
  report(code: ErrorCode, message: string, fields: LogFields): void {
    const { answers } = this.stats
    answers[code] = (answers[code] ?? 0) + 1
    if (code === 'NO_BACKEND' || code === 'OUT_OF_SOCKETS')
      return this.outage.refuse(new PilotiError(code, message))
    const level = errorKinds[code].side === 'client' ? 'debug' : 'warn'
    this.log[level]('request_failed', message, { code, ...fields })
  }

  /** Ends what is idle; what is busy ends by itself. */
  drain(): void {
    this.isDraining = true
    this.idle.clear()
    for (const client of this.clients) client.drain()
  }

  view(): HttpView {
    return { ...this.stats, answers: { ...this.stats.answers }, idleConnections: this.idle.count }
  }

  lost(connection: BackendConnection): void {
    this.idle.remove(connection.backend, connection)
  }

  desynced(connection: BackendConnection): void {
    this.stats.desyncs++
    const { id } = connection.backend
    this.log.warn('desync', `backend ${id} sent bytes that no request asked for`, { backend: id })
  }
}
