import { type ErrorCode, errorKinds, type PilotiError } from '../base/errors.ts'
import { idOf, type JsonRpcMessage, withId } from '../codecs/json-rpc.ts'
import type { Expiring } from '../net/sweep.ts'
import type { Backend } from '../pool/backend.ts'
import type { Lease, Outcome } from '../pool/lease.ts'
import type { Pool } from '../pool/pool.ts'
import type { Waiter } from '../pool/queue.ts'
import type { LinesContext } from './lines-context.ts'
import type { LinesPeer } from './lines-peer.ts'
import { LinesRecord } from './lines-record.ts'
import type { Destination } from './routes.ts'

/** How answers are known: plain text by their order, JSON-RPC by their ids, words by their connections. */
export type LinesKind = 'text' | 'json' | 'word'

/** Where an id stands in an answer. */
export type IdPlace = Pick<JsonRpcMessage, 'idFrom' | 'idTo'>

/** How a message was lost. */
export interface Loss {
  /** Whether the backend may have seen it: then only what is safe to repeat is given to another. */
  readonly wasSent: boolean
  /** What it says of the backend, if that is not what the error says. */
  readonly outcome?: Outcome | undefined
}

const noBackends: readonly Readonly<Backend>[] = []
/** A line this much smaller than the read it came with is copied out of it when it has to wait. */
const copiedBelow = 0.5

/**
 * One message, from the pick of a backend to its answer.
 *
 * It holds a lease from the pick until the answer has come, also when its client has left meanwhile: the
 * backend is at work for as long.
 */
export class LinesMessage implements Waiter, Expiring {
  deadlineMs = 0
  sweepSlot = -1
  readonly kind: LinesKind
  readonly key: string
  /** Backends that failed; the next try goes elsewhere. */
  tried: readonly Readonly<Backend>[] = noBackends
  line: Buffer
  readonly idFrom: number
  readonly idTo: number
  /** The id as the client wrote it, in one-byte characters; kept apart, since it outlives the line. */
  readonly id: string
  readonly isNotification: boolean
  /** An answer of plain text that waits for those before it. */
  answer: Buffer | undefined
  isDone = false
  readonly #client: LinesPeer
  readonly #context: LinesContext
  readonly #destination: Destination
  /** Only where somebody will be told. */
  #record: LinesRecord | undefined
  readonly #startMs: number
  #lease: Lease | undefined
  #sentMs = Number.POSITIVE_INFINITY
  #retries = 0
  #lastError: PilotiError | undefined
  #state: 'free' | 'queued' | 'parked' = 'free'
  #lastBackend: Readonly<Backend> | undefined

  /** @param found what the line says, when it is JSON-RPC. */
  constructor(client: LinesPeer, line: Buffer, found: JsonRpcMessage | undefined) {
    const { context } = client
    this.#client = client
    this.#context = context
    this.#destination = client.destination
    this.#startMs = context.nowMs
    this.key = client.key
    this.line = line
    this.kind = found === undefined ? client.plainKind : 'json'
    this.isNotification = found?.kind === 'notification'
    this.idFrom = found?.idFrom ?? 0
    this.idTo = found?.idTo ?? 0
    this.id = found?.kind === 'call' ? idOf(line, found).toString('latin1') : 'null'
    context.stats.active++
    const isSampled = this.#destination.pool.decisions.isDue()
    if (isSampled || context.accessLog !== undefined) this.#record = this.#newRecord()
    if (isSampled) this.#record!.explain()
  }

  /** Whether nobody waits for its answer any more. */
  get isUnwanted(): boolean {
    return this.#client.isGone
  }

  /** Finds a backend, and sends it there. */
  start(): void {
    const { pool } = this.#destination
    this.#record?.look(() => pool.survey(this.key, this.tried))
    const lease = pool.lease(this.key, this.tried)
    if (lease === undefined) this.#queue(pool)
    else this.#give(lease)
  }

  /** A backend that was full has room. */
  serve(lease: Lease): void {
    this.#record?.waited()
    this.#free()
    this.#give(lease)
  }

  /** Its backend's connections are full: it waits for room there. */
  park(): void {
    this.#wait('parked')
  }

  unpark(): void {
    this.#record?.waited()
    this.#free()
  }

  /** What it waited for did not come in time. */
  expire(): void {
    const { pool } = this.#destination
    const waited = `within ${pool.queueTimeoutMs / 1_000} s`
    const state = this.#state
    this.#leave()
    if (state === 'parked') {
      this.fail('BACKENDS_FULL', `the connections to the backend had no room ${waited}`)
    } else if (this.#lastError !== undefined) {
      this.fail(this.#lastError.code, this.#lastError.message)
    } else this.fail('BACKENDS_FULL', `no backend had room ${waited}: ${pool.why(this.tried)}`)
  }

  /** It is written to its backend. */
  sent(bytes: number): void {
    const lease = this.#lease!
    this.#sentMs = this.#context.nowMs
    lease.sent(bytes)
    this.#record?.sent(bytes)
    if (!this.isNotification) return
    this.#release('ok')
    this.#end('finished')
  }

  isLate(nowMs: number): boolean {
    return this.#sentMs + this.#context.settings.lines.messageTimeoutMs <= nowMs
  }

  /** It waits for long: what it was read with need not. */
  compact(): void {
    const { line } = this
    if (line.length < line.buffer.byteLength * copiedBelow) {
      const copy = Buffer.allocUnsafeSlow(line.length)
      line.copy(copy)
      this.line = copy
    }
  }

  /** Its answer has come. @param place of the id, for JSON-RPC. */
  answered(line: Buffer, place?: IdPlace): void {
    const { context } = this.#client
    this.#hear(line.length + (this.kind === 'word' ? 0 : 1))
    if (this.isUnwanted) return this.abandon()
    context.stats.answers++
    const tookMs = context.nowMs - this.#startMs
    this.#destination.pool.requests.times.record(tookMs)
    context.activity?.answered(
      place === undefined ? line : withId(line, place, this.id).subarray(0, -1),
      this.#client.name,
      this.#lease!.backend.id,
      tookMs,
    )
    this.#client.answer(this, line, place)
    this.#release('ok')
    context.served()
    this.#end('finished')
  }

  /** What came in the place of its answer is none. */
  misanswered(what: string): void {
    const text = `the answer of the backend ${what}`
    this.#hear(0)
    if (this.isUnwanted) return this.abandon()
    this.#release('failed', text)
    this.fail('BACKEND_FRAMING', text)
  }

  /** Its connection is gone, or its time is over: another backend is tried where that is safe. */
  lost(error: PilotiError, { wasSent, outcome }: Loss): void {
    const { side, retry } = errorKinds[error.code]
    const { resend } = this.#context.settings.lines
    this.#excuse(error.code, wasSent)
    const { backend } = this.#lease!
    // Before the lease is released: that may take the backend out, and what is told is what was picked among.
    this.#explainFailure(error.message)
    this.#release(outcome ?? (side === 'backend' ? 'failed' : 'aborted'), error.message)
    if (this.isUnwanted) return this.abandon()
    this.#lastError = error
    const isSafe = wasSent ? resend : retry
    if (!isSafe || this.#retries >= this.#context.settings.retriesMax) {
      return this.fail(error.code, error.message)
    }
    this.tried = [...this.tried, backend]
    this.#retries++
    this.#context.stats.retries++
    this.#sentMs = Number.POSITIVE_INFINITY
    this.#context.log.debug('retry', `another try: ${error.message}`)
    this.start()
  }

  /** Ends with an error line, unless nobody waits for one. */
  fail(code: ErrorCode, message: string, jsonCode?: number): void {
    const backend = this.#lastBackend?.id
    this.#explainFailure('')
    this.#release('aborted')
    this.#context.report(code, message, { ...(backend !== undefined && { backend }) })
    if (!this.isNotification) this.#client.refuse(this, { code, message, jsonCode })
    this.#end(code.toLowerCase())
  }

  /** Nobody waits for it any more. */
  abandon(): void {
    if (this.isDone) return
    this.#leave()
    this.#release('aborted')
    this.#context.stats.aborted++
    this.#end('client_gone')
  }

  #give(lease: Lease): void {
    this.#lease = lease
    const { backend } = lease
    this.#record?.picked(backend.id)
    const { activity } = this.#context
    activity?.forwarded(this.line, this.#client.name, backend.id)
    this.#lastBackend = backend
    this.#context.backendOf(backend).take(this)
  }

  #queue(pool: Pool): void {
    if (pool.wait(this)) return this.#wait('queued')
    const lease = this.#again(pool)
    if (lease !== undefined) return this.#give(lease)
    if (this.#lastError !== undefined) {
      return this.fail(this.#lastError.code, this.#lastError.message)
    }
    const isFull = pool.backends.some((backend) => backend.isFull && !this.tried.includes(backend))
    const why = `no backend may take work now: ${pool.why()}`
    const many = `all backends are full, and ${pool.queued} messages wait for one already`
    this.fail(isFull ? 'BACKENDS_FULL' : 'NO_BACKEND', isFull ? many : why)
  }

  /** All were tried: those that failed first may be back, and tries are counted anyway. */
  #again(pool: Pool): Lease | undefined {
    if (this.tried.length < 2) return undefined
    this.tried = this.tried.slice(-1)
    this.#record?.look(() => pool.survey(this.key, this.tried))
    return pool.lease(this.key, this.tried)
  }

  /** While it waits, no more is read from its client. */
  #wait(state: 'queued' | 'parked'): void {
    const { sweep } = this.#context
    this.#state = state
    this.#record?.waits()
    this.#client.waiting.add(this)
    sweep.add(this)
    const withinMs = this.#destination.pool.queueTimeoutMs || Number.POSITIVE_INFINITY
    this.deadlineMs = sweep.nowMs + withinMs
  }

  #free(): void {
    if (this.#state === 'free') return
    this.#state = 'free'
    this.#context.sweep.delete(this)
    this.#client.waiting.delete(this)
    this.#context.wakeSoon(this.#client)
  }

  /** Waits no longer, wherever that was. */
  #leave(): void {
    if (this.#state === 'queued') this.#destination.pool.leave(this)
    else if (this.#state === 'parked') this.#context.backendOf(this.#lastBackend!).leave(this)
    this.#free()
  }

  /** Something came from the backend. */
  #hear(bytes: number): void {
    const lease = this.#lease!
    const { nowMs } = this.#context
    lease.connected()
    lease.answered(nowMs - this.#sentMs)
    lease.received(bytes)
    this.#record?.answered(bytes, nowMs)
  }

  /** A connection that breaks says little of its backend. Silence does, but the last one left is kept. */
  #excuse(code: ErrorCode, wasSent: boolean): void {
    const lease = this.#lease!
    const isKept = this.#destination.pool.available < 2 || lease.backend.quietSinceMs > this.#sentMs
    if (wasSent && (code !== 'BACKEND_TIMEOUT' || isKept)) lease.excuse()
  }

  /** What was not noted from the start shows how things are now. @param why empty when no try has failed */
  #explainFailure(why: string): void {
    const { pool } = this.#destination
    if (this.#record?.isExplained !== true && pool.decisions.takesFailure(performance.now())) {
      this.#record ??= this.#newRecord()
      this.#record.explain()
      this.#record.look(() => pool.survey(this.key, this.tried))
      if (this.#lease !== undefined) this.#record.picked(this.#lease.backend.id)
    }
    if (why !== '') this.#record?.failed(why)
  }

  #newRecord(): LinesRecord {
    const { name = '' } = this.#destination
    return new LinesRecord(this.#client.address, this.#startMs, name, this.line)
  }

  #release(outcome: Outcome, reason = ''): void {
    const lease = this.#lease
    this.#lease = undefined
    lease?.release(outcome, undefined, reason)
  }

  #end(how: string): void {
    this.isDone = true
    this.#context.stats.active--
    this.#record?.ended(how, this.#destination.pool, this.#context.accessLog)
    this.#client.ended(this)
  }
}
