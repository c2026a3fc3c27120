import type { PilotiError } from '../base/errors.ts'
import type { Backend } from '../pool/backend.ts'
import { LinesConnection } from './lines-connection.ts'
import type { LinesContext } from './lines-context.ts'
import type { LinesKind, LinesMessage } from './lines-message.ts'
import { OriginalConnection } from './original-connection.ts'

const kinds: readonly LinesKind[] = ['text', 'json', 'word']
/** From so many unanswered messages on a further connection is worth its while; text is answered in order. */
const busyFrom: Readonly<Record<LinesKind, number>> = { text: 1, json: 16, word: 1 }

/** Connections that break off within this time do so for one reason. */
const oneBreakMs = 1_000

/** A connection to a backend, as its owner knows it. */
interface Link {
  readonly kind: LinesKind
  /** Messages without an answer. */
  readonly outstanding: number
  readonly isFull: boolean
  /** Sends a message, as soon as it is connected. */
  add(message: LinesMessage): void
  endIfIdle(): void
  /** Breaks it off, with all that is still to be answered. */
  destroy(): void
}

/** The connections to one backend, shared by all clients, and the messages that wait for room on them. */
export class LinesBackend {
  readonly backend: Readonly<Backend>
  readonly #context: LinesContext
  readonly #open: Readonly<Record<LinesKind, Link[]>> = { text: [], json: [], word: [] }
  /** First come, first served. */
  readonly #parked: Readonly<Record<LinesKind, Set<LinesMessage>>> = {
    text: new Set(),
    json: new Set(),
    word: new Set(),
  }
  #brokenMs = Number.NEGATIVE_INFINITY

  constructor(context: LinesContext, backend: Readonly<Backend>) {
    this.#context = context
    this.backend = backend
  }

  get connections(): number {
    const { json, text, word } = this.#open
    return text.length + json.length + word.length
  }

  /** Sends a message that holds a lease of this backend, or keeps it until there is room. */
  take(message: LinesMessage): void {
    const { kind } = message
    const isFirst = this.#parked[kind].size === 0
    if (isFirst && this.#place(message)) return
    this.#parked[kind].add(message)
    message.park()
  }

  /** Waits no longer for room. */
  leave(message: LinesMessage): void {
    this.#parked[message.kind].delete(message)
    this.#forgetIfEmpty()
  }

  /** A connection has room again, or is gone. */
  freed(kind: LinesKind): void {
    const parked = this.#parked[kind]
    if (parked.size === 0) return
    for (const message of parked) {
      // Out of line before it is sent: whatever comes of that must not find it here.
      if (!this.#hasRoom(kind)) return
      parked.delete(message)
      message.unpark()
      this.#place(message)
    }
  }

  /** It could not be connected to: what waits for room looks elsewhere. */
  unreachable(kind: LinesKind, error: PilotiError): void {
    const parked = [...this.#parked[kind]]
    this.#parked[kind].clear()
    for (const message of parked) {
      message.unpark()
      message.lost(error, { wasSent: false })
    }
  }

  /** Ends idle connections now, and busy ones when they become idle if the backend has no future. */
  retire(): void {
    for (const kind of kinds) {
      for (const connection of [...this.#open[kind]]) connection.endIfIdle()
    }
  }

  /** Ends all. */
  destroy(): void {
    for (const kind of kinds) {
      for (const connection of [...this.#open[kind]]) connection.destroy()
    }
  }

  /**
   * A connection broke off: what that says of the backend is said by the first message lost, and once. A dead
   * process takes hundreds along, and would count as a backend that fails hundreds of times.
   */
  isNewBreak(nowMs: number): boolean {
    const isNew = nowMs - this.#brokenMs > oneBreakMs
    if (isNew) this.#brokenMs = nowMs
    return isNew
  }

  /** A connection is gone. */
  remove(connection: Link): void {
    const open = this.#open[connection.kind]
    const index = open.indexOf(connection)
    if (index !== -1) open.splice(index, 1)
    this.#forgetIfEmpty()
  }

  /** @returns whether there is a connection with room for it. */
  #place(message: LinesMessage): boolean {
    const connection = this.#best(message.kind)
    if (connection === undefined) return false
    connection.add(message)
    return true
  }

  #hasRoom(kind: LinesKind): boolean {
    if (this.#mayOpen(kind)) return true
    return this.#open[kind].some((connection) => !connection.isFull)
  }

  #mayOpen(kind: LinesKind): boolean {
    return this.#open[kind].length < this.#context.settings.lines.backendConnectionsMax
  }

  /** The least busy one, or a new one where that helps; undefined when all are full. */
  #best(kind: LinesKind): Link | undefined {
    const open = this.#open[kind]
    let best: Link | undefined
    for (let i = 0; i < open.length; i++) {
      const connection = open[i]!
      if (connection.isFull) continue
      if (best === undefined || connection.outstanding < best.outstanding) best = connection
    }
    const isBusy = best === undefined || best.outstanding >= busyFrom[kind]
    if (!isBusy || !this.#mayOpen(kind)) return best
    const connection = this.#connect(kind)
    open.push(connection)
    return connection
  }

  #connect(kind: LinesKind): Link {
    if (kind === 'word') return new OriginalConnection(this.#context, this)
    return new LinesConnection(this.#context, this, kind)
  }

  #forgetIfEmpty(): void {
    const { json, text, word } = this.#parked
    if (this.connections === 0 && json.size + text.size + word.size === 0)
      this.#context.forget(this.backend)
  }
}
