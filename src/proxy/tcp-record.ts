import type { Socket } from 'node:net'
import type { Backend } from '../pool/backend.ts'
import type { AccessLog } from './access-log.ts'
import { Explanation } from './explain.ts'
import { Notes } from './notes.ts'
import type { Destination } from './routes.ts'

/** A connection that was accepted, and where it is to go. */
export interface TcpArrival {
  readonly client: Socket
  readonly destination: Destination
  /** What the strategy picks by. */
  readonly key: string
  readonly accessLog: AccessLog | undefined
}

/**
 * What is told of one connection when it is over: to the access log, and to the decisions of the pool.
 *
 * Numbers are kept for every one, since only its end shows whether anybody will ask. How it came to its backend
 * is noted for a sample; of one that fails it shows how the pool looked then.
 */
export class TcpRecord {
  readonly client: Socket
  requestBytes = 0
  responseBytes = 0
  readonly #destination: Destination
  readonly #key: string
  readonly #accessLog: AccessLog | undefined
  readonly #atMs = Date.now()
  readonly #startMs = performance.now()
  /** Asking for it is a system call, and too late once the client has gone. */
  #address = ''
  #backend: Readonly<Backend> | undefined
  #tried: readonly Readonly<Backend>[] = nobody
  #retries = 0
  #markMs = 0
  #queueMs = 0
  #connectMs = 0
  #firstByteMs = -1
  #explanation: Explanation | undefined
  #isOver = false

  constructor({ accessLog, client, destination, key }: TcpArrival) {
    this.client = client
    this.#destination = destination
    this.#key = key
    this.#accessLog = accessLog
    const isSampled = destination.pool.decisions.isDue()
    if (isSampled || accessLog !== undefined) this.#address = addressOf(client)
    if (isSampled) this.#explain()
  }

  /** All backends are full: it waits in line. */
  waits(): void {
    this.#markMs = performance.now()
  }

  /** It waits no longer. */
  waited(): void {
    this.#queueMs += performance.now() - this.#markMs
  }

  /** It goes to this backend. */
  dials(backend: Readonly<Backend>, nowMs: number): void {
    if (this.#backend !== undefined) this.#retries++
    this.#backend = backend
    this.#markMs = nowMs
    this.#connectMs = 0
    this.#explanation?.picked(backend.id)
  }

  connected(nowMs: number): void {
    this.#connectMs = nowMs - this.#markMs
  }

  /** There is no connection to the backend. @param why for people */
  failed(why: string): void {
    this.connected(performance.now())
    this.#explainFailure(why)
  }

  /** Another backend will be tried, if there is one. */
  again(): void {
    this.#tried = [...this.#tried, this.#backend!]
    this.#explanation?.look(this.#destination.pool.survey(this.#key, this.#tried))
  }

  answered(nowMs: number): void {
    this.#firstByteMs = nowMs - this.#startMs
  }

  /**
   * It is over. Only the first time counts.
   *
   * @param how as the access log says it
   * @param fault what the backend did; empty when nothing
   */
  ended(how: string, fault = ''): void {
    if (this.#isOver) return
    this.#isOver = true
    if (fault !== '' || !isGood.has(how)) this.#explainFailure(fault)
    if (this.#accessLog === undefined && this.#explanation === undefined) return
    const notes = this.#notes(how)
    this.#accessLog?.tell(notes)
    const { decisions } = this.#destination.pool
    if (this.#explanation !== undefined) decisions.add(this.#explanation.decision(notes))
  }

  /** From here on it is noted how a backend is found. */
  #explain(): void {
    this.#explanation = new Explanation()
    this.#explanation.look(this.#destination.pool.survey(this.#key, this.#tried))
  }

  /** @param why the try failed; empty when there was none to fail */
  #explainFailure(why: string): void {
    const { pool } = this.#destination
    if (this.#explanation === undefined) {
      if (!pool.decisions.takesFailure(performance.now())) return
      if (this.#address === '') this.#address = addressOf(this.client)
      this.#explain()
      if (this.#backend !== undefined) this.#explanation!.picked(this.#backend.id)
    }
    if (why !== '') this.#explanation!.failed(why)
  }

  #notes(how: string): Notes {
    const notes = new Notes(this.#address, this.#startMs)
    notes.atMs = this.#atMs
    notes.pool = this.#destination.name ?? ''
    notes.backend = this.#backend?.id ?? ''
    notes.retries = this.#retries
    notes.queueMs = this.#queueMs
    notes.connectMs = this.#connectMs
    notes.firstByteMs = this.#firstByteMs
    notes.requestBytes = this.requestBytes
    notes.responseBytes = this.responseBytes
    notes.ended(how, 0)
    return notes
  }
}

const nobody: readonly Readonly<Backend>[] = []
/** Ends that are not worth asking about. */
const isGood: ReadonlySet<string> = new Set(['finished', 'client_gone', 'idle_timeout', 'forced'])

const addressOf = ({ remoteAddress = '' }: Socket): string => remoteAddress.replace(/^::ffff:/, '')
