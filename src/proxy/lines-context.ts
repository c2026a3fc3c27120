import { type ErrorCode, errorKinds, PilotiError } from '../base/errors.ts'
import type { Log, LogFields } from '../base/log.ts'
import { Slots } from '../base/slots.ts'
import { Sweep } from '../net/sweep.ts'
import type { Backend } from '../pool/backend.ts'
import type { Pool } from '../pool/pool.ts'
import type { AccessLog } from './access-log.ts'
import { Failures } from './failures.ts'
import { farewells } from './farewells.ts'
import type { ForwardingSettings } from './forwarding.ts'
import { LinesActivity } from './lines-activity.ts'
import { LinesBackend } from './lines-backend.ts'
import type { Flusher, LinesOutbox } from './lines-outbox.ts'
import type { LinesPeer } from './lines-peer.ts'
import { Outage, shortages } from './outage.ts'

/** What mode `lines` counts; plain numbers, read by whoever asks. */
export interface LinesStats {
  /** Messages that came from clients, those that were refused among them. */
  messages: number
  /** Messages whose answer, or end, is to come. */
  active: number
  /** Answers of backends that went to clients. */
  answers: number
  /** Messages whose client left before its answer came. */
  aborted: number
  /** Tries after the first one of a message. */
  retries: number
  /** Answers that came too late, or that nobody waits for. */
  late: number
  /** Times a backend sent what is no answer, so that its connection was broken off. */
  desyncs: number
  /** Messages that failed, by error code. */
  readonly errors: Partial<Record<ErrorCode, number>>
}

/** A copy of the stats, and how many connections to backends there are. */
export interface LinesView extends Readonly<LinesStats> {
  readonly backendConnections: number
}

/** What all clients of a proxy in mode `lines` share. */
export class LinesContext implements Flusher {
  readonly log: Log
  readonly accessLog: AccessLog | undefined
  /** What new messages go by. */
  settings: ForwardingSettings
  /** Who is told of each message, if anybody is. */
  activity: LinesActivity | undefined
  readonly sweep: Sweep = new Sweep()
  readonly stats: LinesStats = {
    ...{ messages: 0, active: 0, answers: 0, aborted: 0, retries: 0, late: 0, desyncs: 0 },
    errors: {},
  }
  readonly clients: Slots<'slot', LinesPeer> = new Slots('slot')
  /** When this turn of the event loop began to read; asking for each message would cost more than the rest. */
  nowMs: number = performance.now()
  isDraining = false
  readonly #backends = new Map<Readonly<Backend>, LinesBackend>()
  readonly #outage: Outage
  readonly #failures: Failures
  #pool: Pool | undefined
  #unwatch: () => void = nothing
  #dueOutboxes: LinesOutbox[] = []
  #dueClients: LinesPeer[] = []
  #isTurnDue = false

  constructor(log: Log, settings: ForwardingSettings, accessLog: AccessLog | undefined) {
    this.log = log
    this.accessLog = accessLog
    this.settings = settings
    this.#outage = new Outage(log)
    this.#failures = new Failures(log, this.sweep)
    this.configure(settings)
  }

  /** New messages go by these; those under way keep what they have. */
  configure(settings: ForwardingSettings): void {
    this.settings = settings
    this.activity = settings.lines.activity ? new LinesActivity(this.log) : undefined
    const { pool } = settings.router.only!.destination
    if (this.isDraining || pool === this.#pool) return
    this.#unwatch()
    for (const backend of this.#backends.values()) backend.retire()
    this.#pool = pool
    this.#unwatch = pool.onTransition(({ event, backend }) => {
      if (backend !== undefined && farewells.has(event)) this.#backends.get(backend)?.retire()
    })
  }

  /** Where the messages of a backend go. */
  backendOf(backend: Readonly<Backend>): LinesBackend {
    let known = this.#backends.get(backend)
    if (known === undefined) {
      known = new LinesBackend(this, backend)
      this.#backends.set(backend, known)
    }
    return known
  }

  /** Nothing of it is left. */
  forget(backend: Readonly<Backend>): void {
    this.#backends.delete(backend)
  }

  flushSoon(outbox: LinesOutbox): void {
    this.#dueOutboxes.push(outbox)
    this.#turnSoon()
  }

  /** What kept a client from being read, or from ending, may be over: it looks at the end of this turn. */
  wakeSoon(client: LinesPeer): void {
    if (client.isDue) return
    client.isDue = true
    this.#dueClients.push(client)
    this.#turnSoon()
  }

  /** Counts, and tells the log, what went wrong with a message. */
  report(code: ErrorCode, message: string, fields: LogFields): void {
    const { errors } = this.stats
    errors[code] = (errors[code] ?? 0) + 1
    if (shortages.has(code)) return this.#outage.refuse(new PilotiError(code, message))
    const known = { code, ...fields }
    if (errorKinds[code].side === 'backend') return this.#failures.tell(message, known)
    this.log.debug('request_failed', message, known)
  }

  /** A client got the answer of a backend. */
  served(): void {
    this.#outage.over()
  }

  /** A backend sent what is no answer. */
  desynced({ id }: Readonly<Backend>, what: string): void {
    this.stats.desyncs++
    this.log.warn('desync', `backend ${id} sent ${what}`, { backend: id })
  }

  /** Takes no more messages; what is under way ends by itself. */
  drain(): void {
    this.isDraining = true
    this.#unwatch()
    this.#failures.end()
    for (const client of this.clients) client.drain()
    for (const backend of this.#backends.values()) backend.retire()
    this.left()
  }

  /** A client has gone: after the last one of a proxy that ends nobody needs the backends any more. */
  left(): void {
    if (!this.isDraining || this.clients.size > 0) return
    for (const backend of [...this.#backends.values()]) backend.destroy()
  }

  view(): LinesView {
    let backendConnections = 0
    for (const { connections } of this.#backends.values()) backendConnections += connections
    return { ...this.stats, errors: { ...this.stats.errors }, backendConnections }
  }

  #turnSoon(): void {
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    setImmediate(this.#turn)
  }

  /** Clients first: what is read from them now leaves in the same writes. */
  readonly #turn = (): void => {
    this.#isTurnDue = false
    const clients = this.#dueClients
    this.#dueClients = []
    if (clients.length > 0) this.nowMs = performance.now()
    for (const client of clients) {
      client.isDue = false
      client.wake()
    }
    const outboxes = this.#dueOutboxes
    this.#dueOutboxes = []
    for (const outbox of outboxes) {
      outbox.isDue = false
      outbox.flush()
    }
  }
}

const nothing = (): void => {}
