import { isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import { PilotiError, systemCode } from '../base/errors.ts'
import { DictReader } from '../codecs/python-dict.ts'
import { dialThen } from '../net/dial.ts'
import { Inlet, type Reader } from '../net/inlet.ts'
import { keepLastWords } from '../net/last-words.ts'
import type { Expiring } from '../net/sweep.ts'
import type { LinesBackend } from './lines-backend.ts'
import type { LinesContext } from './lines-context.ts'
import type { LinesMessage } from './lines-message.ts'

/** A long answer is read in pieces of this size. */
const longReadBytes = 64 * 1_024

/**
 * A connection to a backend of the original system: for one word and its answer, then it is closed.
 *
 * Nobody else's answer can come on it. So when its client has gone it is broken off, and the lease with it.
 */
export class OriginalConnection implements Expiring, Reader {
  /** Long past: it is looked at at every tick. */
  readonly deadlineMs = 0
  sweepSlot = -1
  readonly kind = 'word'
  readonly outstanding = 1
  readonly isFull = true
  readonly #context: LinesContext
  readonly #owner: LinesBackend
  readonly #reader: DictReader
  #message: LinesMessage | undefined
  #socket: Socket | undefined
  #isClosed = false
  #error: Error | undefined

  constructor(context: LinesContext, owner: LinesBackend) {
    const { connectTimeoutMs, lines } = context.settings
    this.#context = context
    this.#owner = owner
    this.#reader = new DictReader(lines.messageLimitBytes)
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

  /** Its message. There is never a second one. */
  add(message: LinesMessage): void {
    this.#message = message
  }

  read(bytes: Buffer, end: number): boolean {
    if (this.#isClosed) return false
    this.#context.nowMs = performance.now()
    const answer = this.#reader.push(bytes.subarray(0, end))
    if (answer === undefined) return true
    this.#close((message) => {
      if (typeof answer === 'string') message.misanswered(answer)
      else if (!isUtf8(answer)) message.misanswered('is not valid UTF-8')
      else message.answered(answer)
    })
    return false
  }

  /** At each tick: ends it when nobody waits for the answer any more, or has waited for too long. */
  expire(): void {
    const nowMs = performance.now()
    this.#context.nowMs = nowMs
    const message = this.#message!
    if (message.isUnwanted) return this.#close(() => message.abandon())
    if (!message.isLate(nowMs)) return
    const error = new PilotiError('BACKEND_TIMEOUT', 'the backend did not answer in time')
    this.#lose(error)
  }

  /** It never is: with its answer it ends. */
  endIfIdle(): void {}

  /** Nobody is left who waits for the answer. */
  destroy(): void {
    this.#close((message) => message.abandon())
  }

  #connected(socket: Socket, inlet: Inlet): void {
    if (this.#isClosed) return void socket.destroy()
    this.#socket = socket
    const message = this.#message!
    if (message.isUnwanted) return this.#close(() => message.abandon())
    keepLastWords(socket)
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.on('end', () => this.#broken('ended the connection'))
    socket.on('close', () => {
      inlet.abandon()
      const why = this.#error === undefined ? '' : ` (${systemCode(this.#error)})`
      this.#broken(`broke the connection off${why}`)
    })
    this.#context.nowMs = performance.now()
    this.#context.sweep.add(this)
    socket.write(message.line)
    message.sent(message.line.length)
  }

  #notConnected(error: PilotiError): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#owner.remove(this)
    this.#message!.lost(error, { wasSent: false })
    this.#owner.unreachable(this.kind, error)
  }

  #lose(error: PilotiError, outcome?: 'aborted'): void {
    this.#close((message) => message.lost(error, { wasSent: this.#socket !== undefined, outcome }))
  }

  /** @param why as in `ended the connection` */
  #broken(why: string): void {
    if (this.#isClosed) return
    const isCounted = this.#owner.isNewBreak(performance.now())
    this.#lose(reset(why), isCounted ? undefined : 'aborted')
  }

  /** Ends it, tells its message why, and leaves its place to the next one. */
  #close(tell: (message: LinesMessage) => void): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#context.sweep.delete(this)
    this.#owner.remove(this)
    this.#socket?.destroy()
    tell(this.#message!)
    this.#owner.freed(this.kind)
  }
}

const reset = (what: string): PilotiError =>
  new PilotiError('BACKEND_RESET', `the backend ${what} before it had answered`)
