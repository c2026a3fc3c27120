import { isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import { type ErrorCode, PilotiError, systemCode } from '../base/errors.ts'
import { numberId, scanJsonRpc } from '../codecs/json-rpc.ts'
import { LineReader, tooLong } from '../codecs/lines.ts'
import { dialThen } from '../net/dial.ts'
import { Inlet, type Reader } from '../net/inlet.ts'
import { keepLastWords } from '../net/last-words.ts'
import type { Expiring } from '../net/sweep.ts'
import type { LinesBackend } from './lines-backend.ts'
import type { LinesContext } from './lines-context.ts'
import { LinesIds } from './lines-ids.ts'
import type { LinesKind, LinesMessage } from './lines-message.ts'
import { LinesOutbox } from './lines-outbox.ts'

/** A long answer is read in pieces of this size. */
const longReadBytes = 64 * 1_024
const carriageReturn = 0x0d
/** More answers than this in a row cannot all be late: no more messages are on a connection at a time. */
const straysMax = 10_000
/** A backend that has left so much untaken gets no more on this connection. */
const untakenLimitBytes = 1_048_576

/**
 * A connection to a backend, for messages of one kind, several at a time.
 *
 * Answers to plain text come in the order of the messages; those of JSON-RPC are known by their ids, which are
 * unique here whatever the clients call theirs.
 */
export class LinesConnection implements Expiring, Reader {
  /** Long past: it is looked at at every tick. */
  readonly deadlineMs = 0
  sweepSlot = -1
  readonly kind: LinesKind
  readonly #context: LinesContext
  readonly #owner: LinesBackend
  readonly #reader: LineReader
  /** Those sent, oldest first. */
  readonly #inOrder: LinesMessage[] = []
  readonly #byId = new LinesIds<LinesMessage>()
  /** Those that wait for the connection. */
  readonly #unsent: LinesMessage[] = []
  #socket: Socket | undefined
  #outbox: LinesOutbox | undefined
  #usedMs = 0
  /** Answers in a row that nobody waited for. */
  #strays = 0
  #isClosed = false
  #error: Error | undefined

  constructor(context: LinesContext, owner: LinesBackend, kind: LinesKind) {
    const { connectTimeoutMs, lines } = context.settings
    this.kind = kind
    this.#context = context
    this.#owner = owner
    this.#reader = new LineReader(lines.messageLimitBytes)
    const inlet = new Inlet(longReadBytes)
    inlet.reader = this
    const options = { sweep: context.sweep, connectTimeoutMs, onread: inlet.onread }
    dialThen(
      owner.backend.address,
      options,
      (socket) => this.#connected(socket, inlet),
      (error) => this.#notConnected(error),
    )
  }

  /** Messages without an answer. */
  get outstanding(): number {
    return this.#unsent.length + this.#inOrder.length + this.#byId.size
  }

  get isFull(): boolean {
    if (this.outstanding >= this.#context.settings.lines.outstandingMax) return true
    return this.#outbox !== undefined && this.#outbox.heldBytes > untakenLimitBytes
  }

  /** Sends a message, as soon as it is connected. */
  add(message: LinesMessage): void {
    if (this.#outbox === undefined) this.#unsent.push(message)
    else this.#send(message, this.#outbox)
  }

  /** Everything that comes is taken: a slow client cannot hold up those it shares the connection with. */
  read(bytes: Buffer, end: number): boolean {
    if (this.#isClosed) return false
    this.#context.nowMs = performance.now()
    this.#usedMs = this.#context.nowMs
    const reader = this.#reader
    reader.push(bytes.subarray(0, end))
    let line = reader.next()
    while (line !== undefined) {
      this.#take(line)
      if (this.#isClosed) return false
      line = reader.next()
    }
    this.#owner.freed(this.kind)
    this.endIfUnwanted()
    return !this.#isClosed
  }

  /** At each tick: ends what waits too long for its answer, and what is idle. */
  expire(): void {
    const { reuseTimeoutMs } = this.#context.settings.lines
    const nowMs = performance.now()
    this.#context.nowMs = nowMs
    if (this.outstanding === 0) {
      if (this.#usedMs + reuseTimeoutMs <= nowMs) this.endIfIdle()
      else this.endIfUnwanted()
      return
    }
    this.#byId.each((message, id) => {
      message.compact()
      if (!message.isLate(nowMs)) return
      // Its answer, if there ever is one, is known by its id, and dropped.
      this.#byId.take(id)
      message.lost(late(), { wasSent: true })
    })
    for (const message of this.#inOrder) message.compact()
    if (this.#inOrder[0]?.isLate(nowMs) !== true) return this.#owner.freed(this.kind)
    // What comes next on this connection would be taken for the answer to another message.
    const message = this.#inOrder.shift()!
    this.#close('is behind a message that was not answered in time', 'aborted')
    message.lost(late(), { wasSent: true })
  }

  /** Not while a notification, which has no answer, is still to be taken. */
  endIfIdle(): void {
    if (this.outstanding === 0 && (this.#outbox?.heldBytes ?? 0) === 0) this.destroy()
  }

  /** Ends it when it is idle, and its backend is leaving. */
  endIfUnwanted(): void {
    const { isDraining, isRemoved } = this.#owner.backend
    if (isDraining || isRemoved) this.endIfIdle()
  }

  /** Breaks it off, with all that is still to be answered. */
  destroy(): void {
    this.#close('was ended', 'aborted')
  }

  #connected(socket: Socket, inlet: Inlet): void {
    if (this.#isClosed) return void socket.destroy()
    const { writeTimeoutMs } = this.#context.settings.lines
    this.#socket = socket
    this.#context.nowMs = performance.now()
    this.#usedMs = this.#context.nowMs
    const outbox = new LinesOutbox(socket, this.#context, writeTimeoutMs, () => {
      if (!this.#isClosed) this.#owner.freed(this.kind)
    })
    this.#outbox = outbox
    socket.setNoDelay(true)
    keepLastWords(socket)
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.on('end', () => this.#close('ended the connection'))
    socket.on('close', () => {
      inlet.abandon()
      const why = this.#error === undefined ? '' : ` (${systemCode(this.#error)})`
      this.#close(`broke the connection off${why}`)
    })
    socket.on('timeout', () => this.#close('does not take messages'))
    this.#context.sweep.add(this)
    // One after the other: what is not sent yet keeps the connection from being idle, whatever is heard meanwhile.
    while (this.#unsent.length > 0 && !this.#isClosed) this.#send(this.#unsent.shift()!, outbox)
    this.endIfUnwanted()
  }

  #notConnected(error: PilotiError): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const unsent = this.#unsent.splice(0)
    this.#owner.remove(this)
    for (const message of unsent) message.lost(error, { wasSent: false })
    this.#owner.unreachable(this.kind, error)
  }

  #send(message: LinesMessage, outbox: LinesOutbox): void {
    if (message.isUnwanted) return message.abandon()
    this.#usedMs = this.#context.nowMs
    if (message.isNotification) {
      outbox.line(message.line)
      return message.sent(message.line.length + 1)
    }
    if (this.kind === 'text') {
      this.#inOrder.push(message)
      outbox.line(message.line)
      return message.sent(message.line.length + 1)
    }
    const id = String(this.#byId.add(message))
    message.sent(outbox.withId(message.line, message.idFrom, message.idTo, id))
  }

  #take(line: Buffer | typeof tooLong): void {
    if (this.kind === 'text') this.#takeText(line)
    else this.#takeJson(line)
  }

  #takeText(line: Buffer | typeof tooLong): void {
    const message = this.#inOrder.shift()
    if (message === undefined) return this.#distrust('a line that nobody asked for')
    if (line === tooLong) message.misanswered('is longer than a message may be')
    else if (!isUtf8(line)) message.misanswered('is not valid UTF-8')
    else if (line.includes(carriageReturn)) message.misanswered('has a CR inside')
    else message.answered(line)
  }

  /** One that cannot be read might be anybody's: nobody's can be waited for. */
  #takeJson(line: Buffer | typeof tooLong): void {
    if (line === tooLong) return this.#distrust('an answer longer than a message may be')
    const found = scanJsonRpc(line)
    if (found.kind === 'fault') return this.#distrust(`what is no JSON-RPC answer: ${found.text}`)
    const message = found.kind === 'answer' ? this.#byId.take(numberId(line, found)) : undefined
    if (message !== undefined) {
      this.#strays = 0
      return message.answered(line, found)
    }
    this.#context.stats.late++
    if (++this.#strays > straysMax)
      this.#distrust('one answer after the other that nobody waits for')
  }

  #distrust(what: string): void {
    this.#context.desynced(this.#owner.backend, what)
    this.#close(`sent ${what}`, undefined, 'BACKEND_FRAMING')
  }

  /** @param outcome of those that were not answered, when it is not their own. */
  #close(what: string, outcome?: 'aborted', code: ErrorCode = 'BACKEND_RESET'): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#context.sweep.delete(this)
    this.#owner.remove(this)
    const unsent = this.#unsent.splice(0)
    const sent = this.#inOrder.splice(0)
    this.#byId.each((message) => sent.push(message))
    this.#socket?.destroy()
    if (unsent.length + sent.length > 0) {
      const error = new PilotiError(code, `the backend ${what} before it had answered`)
      let isCounted = outcome === undefined && this.#owner.isNewBreak(performance.now())
      for (const [i, message] of [...sent, ...unsent].entries()) {
        const wasSent = i < sent.length
        message.lost(error, isCounted ? { wasSent } : { wasSent, outcome: 'aborted' })
        isCounted = false
      }
    }
    this.#owner.freed(this.kind)
  }
}

const late = (): PilotiError =>
  new PilotiError('BACKEND_TIMEOUT', 'the backend did not answer in time')
