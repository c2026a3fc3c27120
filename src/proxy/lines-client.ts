import type { Socket } from 'node:net'
import { abort, wasAborted } from '../net/abort.ts'
import type { Expiring } from '../net/sweep.ts'
import { networkOf } from './affinity-keys.ts'
import type { Dialect } from './dialect.ts'
import type { LinesContext } from './lines-context.ts'
import { LinesDialect } from './lines-dialect.ts'
import type { IdPlace, LinesMessage } from './lines-message.ts'
import { LinesOutbox } from './lines-outbox.ts'
import type { LinesPeer, LinesRefusal } from './lines-peer.ts'
import { OriginalDialect } from './original-dialect.ts'
import type { Destination } from './routes.ts'

/** Beyond this, of messages under way and of answers that are not taken, no more is read. */
const heldLimitBytes = 1_048_576
/** Answers to what was read already may still come. Who does not take so much of them is broken off. */
const heldMostBytes = 16 * heldLimitBytes
/** How long a client that was told the end may take to end its side. */
const lingerMs = 5_000
/** After this long without a byte the system asks the client whether it still exists. */
const quietMs = 30_000

/** One client, from its acceptance until its socket is closed: how much of it is read, and when it ends. */
export class LinesClient implements LinesPeer, Expiring {
  slot = -1
  deadlineMs = 0
  sweepSlot = -1
  isDue = false
  isGone = false
  readonly context: LinesContext
  readonly waiting: Set<LinesMessage> = new Set()
  readonly #socket: Socket
  readonly #outbox: LinesOutbox
  readonly #dialect: Dialect
  #readMs: number
  /** It will send no more. */
  #hasEnded = false
  /** No more is taken from it. */
  #isClosing = false
  /** It was told the end. */
  #isTold = false
  #address: string | undefined
  #name: string | undefined

  constructor(socket: Socket, context: LinesContext) {
    const { wire, writeTimeoutMs } = context.settings.lines
    const Spoken = wire === 'lines' ? LinesDialect : OriginalDialect
    this.context = context
    this.#socket = socket
    this.#outbox = new LinesOutbox(socket, context, writeTimeoutMs, () => this.wake())
    this.#dialect = new Spoken(this, this.#outbox)
    context.nowMs = performance.now()
    this.#readMs = context.nowMs
    context.clients.add(this)
    context.sweep.add(this)
    context.activity?.connected(this.name)
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#gone())
    socket.on('timeout', () => this.abort())
  }

  get plainKind(): Dialect['plainKind'] {
    return this.#dialect.plainKind
  }

  get destination(): Destination {
    return this.context.settings.router.only!.destination
  }

  /** Asking for a client's address is a system call. */
  get key(): string {
    const { affinity, pool } = this.destination
    if (!pool.usesKey) return ''
    return affinity === undefined ? this.address : networkOf(this.address)
  }

  get address(): string {
    this.#address ??= (this.#socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    return this.#address
  }

  get name(): string {
    this.#name ??= this.address === '' ? 'unix' : `${this.address}:${this.#socket.remotePort}`
    return this.#name
  }

  wake(): void {
    if (!this.isGone) this.#pump()
  }

  answer(message: LinesMessage, line: Buffer, place: IdPlace | undefined): void {
    this.#dialect.answer(message, line, place)
    this.#check()
  }

  refuse(message: LinesMessage, refusal: LinesRefusal): void {
    if (this.isGone) return
    this.#dialect.refuse(message, refusal)
    this.#check()
  }

  ended(message: LinesMessage): void {
    this.#dialect.ended(message)
    if (!this.isGone) this.context.wakeSoon(this)
  }

  drain(): void {
    this.#isClosing = true
    this.context.wakeSoon(this)
  }

  abort(): void {
    abort(this.#socket)
  }

  /** It was silent for long: it is asked whether it exists, and in the end let go. */
  expire(): void {
    const { idleTimeoutMs } = this.context.settings
    const { nowMs } = this.context.sweep
    if (this.#isTold) return void this.#socket.destroy()
    if (this.#socket.isPaused()) {
      // A socket that is not read from tells nothing.
      this.#readMs = nowMs
      if (wasAborted(this.#socket)) this.#socket.destroy()
      return
    }
    const isBusy = this.#dialect.outstanding > 0 || this.#outbox.heldBytes > 0
    if (isBusy) this.#readMs = nowMs
    const endMs = this.#readMs + idleTimeoutMs
    if (endMs <= nowMs) return this.drain()
    this.#socket.setKeepAlive(true, quietMs)
    this.deadlineMs = Math.min(endMs, nowMs + idleTimeoutMs)
  }

  #read(chunk: Buffer): void {
    this.context.nowMs = performance.now()
    this.#readMs = this.context.nowMs
    // What comes after the end was told is read so that the client can be heard to end, and dropped.
    if (this.#isClosing) return
    this.#dialect.push(chunk)
    this.#pump()
  }

  #ended(): void {
    this.#hasEnded = true
    if (wasAborted(this.#socket)) return void this.#socket.destroy()
    this.context.nowMs = performance.now()
    this.#pump()
  }

  #gone(): void {
    this.isGone = true
    const { activity, clients, sweep } = this.context
    sweep.delete(this)
    clients.delete(this)
    for (const message of [...this.waiting]) message.abandon()
    activity?.gone(this.name)
    this.context.left()
  }

  /** Takes as many messages as it may have under way. */
  #pump(): void {
    while (this.#mayTake()) {
      const hasTaken = this.#dialect.take(this.#hasEnded)
      this.#isClosing ||= this.#dialect.isOver
      if (hasTaken) continue
      this.#isClosing ||= this.#hasEnded
      if (this.#socket.isPaused()) this.#socket.resume()
      break
    }
    if (this.#isClosing) this.#finish()
    else if (!this.#mayTake()) this.#wait()
  }

  /** Reads no more for now; at each tick it is asked whether the client still is there. */
  #wait(): void {
    this.#socket.pause()
    this.deadlineMs = 0
  }

  #mayTake(): boolean {
    const { clientOutstandingMax } = this.context.settings.lines
    if (this.#isClosing || this.isGone || this.waiting.size > 0) return false
    if (this.#dialect.outstanding >= clientOutstandingMax) return false
    return this.#dialect.heldBytes + this.#outbox.heldBytes <= heldLimitBytes
  }

  /** Who never reads, or has much answered behind what is not, must not fill the memory. */
  #check(): void {
    const mostBytes = Math.max(heldMostBytes, 2 * this.context.settings.lines.messageLimitBytes)
    if (this.#dialect.heldBytes + this.#outbox.heldBytes > mostBytes) this.abort()
  }

  /** Tells the end, once all is answered. */
  #finish(): void {
    if (this.#dialect.outstanding > 0 || this.#isTold) return
    this.#isTold = true
    this.deadlineMs = Number.POSITIVE_INFINITY
    this.#dialect.goodbye()
    this.#outbox.flush()
    this.#socket.end(() => {
      this.deadlineMs = this.context.sweep.nowMs + lingerMs
    })
    // Its end is heard only by reading.
    this.#socket.resume()
  }
}
