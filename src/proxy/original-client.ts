import type { Socket } from 'node:net'
import { shown } from '../base/printable.ts'
import {
  type NoWord,
  type OriginalWord,
  originalGoodbye,
  originalWords,
  WordReader,
} from '../codecs/original-words.ts'
import { pythonText } from '../codecs/python-dict.ts'
import { abort, wasAborted } from '../net/abort.ts'
import type { Expiring } from '../net/sweep.ts'
import { networkOf } from './affinity-keys.ts'
import type { LinesContext } from './lines-context.ts'
import { LinesMessage } from './lines-message.ts'
import { LinesOutbox } from './lines-outbox.ts'
import type { LinesPeer, LinesRefusal } from './lines-peer.ts'
import type { Destination } from './routes.ts'

/** Beyond this, of answers that are not taken or wait for one before them, no more is read. */
const heldLimitBytes = 1_048_576
/** Answers to what was read already may still come. Who does not take so much of them is broken off. */
const heldMostBytes = 16 * heldLimitBytes
/** How long a client that was told the end may take to end its side. */
const lingerMs = 5_000
/** After this long without a byte the system asks the client whether it still exists. */
const quietMs = 30_000

/** One client of the original system: it says words, and gets the answers in their order, nothing between them. */
export class OriginalClient implements LinesPeer, Expiring {
  slot = -1
  deadlineMs = 0
  sweepSlot = -1
  isDue = false
  isGone = false
  readonly plainKind = 'word'
  readonly context: LinesContext
  readonly destination: Destination
  readonly key: string
  readonly address: string
  readonly name: string
  readonly waiting: Set<LinesMessage> = new Set()
  readonly #socket: Socket
  readonly #reader = new WordReader()
  readonly #outbox: LinesOutbox
  /** What has no answer yet, or one that waits for those before it. */
  readonly #inOrder: LinesMessage[] = []
  /** Bytes of answers that wait. */
  #heldBytes = 0
  #readMs: number
  /** It will send no more. */
  #hasEnded = false
  /** No more is taken from it. */
  #isClosing = false
  /** It has said `exit`. */
  #hasTakenLeave = false
  /** It was told the end. */
  #isTold = false

  constructor(socket: Socket, context: LinesContext) {
    const { lines, router } = context.settings
    this.context = context
    this.destination = router.only!.destination
    this.#socket = socket
    this.#outbox = new LinesOutbox(socket, context, lines.writeTimeoutMs, () => this.wake())
    this.address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    this.name = this.address === '' ? 'unix' : `${this.address}:${socket.remotePort}`
    this.key = this.destination.affinity === undefined ? this.address : networkOf(this.address)
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

  wake(): void {
    if (!this.isGone) this.#pump()
  }

  answer(message: LinesMessage, text: Buffer): void {
    // It is a view of what is read into again.
    message.answer = Buffer.from(text)
    this.#heldBytes += text.length
    this.#giveAnswers()
    if (this.#heldBytes + this.#outbox.heldBytes > heldMostBytes) this.abort()
  }

  refuse(message: LinesMessage, { code, message: text }: LinesRefusal): void {
    if (this.isGone) return
    this.answer(message, Buffer.from(`{'errore': ${pythonText(`${code}: ${text}`)}}`))
  }

  ended(): void {
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
    const isBusy = this.#inOrder.length > 0 || this.#outbox.heldBytes > 0
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
    this.#reader.push(chunk)
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

  /** Takes as many words as it may have under way. */
  #pump(): void {
    while (this.#mayTake()) {
      const word = this.#reader.next() ?? (this.#hasEnded ? this.#reader.rest() : undefined)
      if (word === undefined) {
        this.#isClosing ||= this.#hasEnded
        if (this.#socket.isPaused()) this.#socket.resume()
        break
      }
      if (typeof word === 'string') this.#take(word)
      else this.#takeOdd(word)
    }
    if (this.#isClosing) this.#finish()
    else if (!this.#mayTake()) this.#socket.pause()
  }

  #mayTake(): boolean {
    const { clientOutstandingMax } = this.context.settings.lines
    if (this.#isClosing || this.isGone || this.waiting.size > 0) return false
    if (this.#inOrder.length >= clientOutstandingMax) return false
    return this.#heldBytes + this.#outbox.heldBytes <= heldLimitBytes
  }

  #take(word: OriginalWord): void {
    const line = wordBytes[word]
    this.context.activity?.request(line, this.name)
    if (word === 'exit') {
      this.#hasTakenLeave = true
      this.#isClosing = true
    } else this.#begin(line).start()
  }

  /** Where the next word would begin cannot be known: this is the last that it is told. */
  #takeOdd({ odd, isCut }: NoWord): void {
    const line = Buffer.from(odd)
    this.context.activity?.request(line, this.name)
    this.#isClosing = true
    const why = isCut ? 'is no whole word' : 'begins no word'
    const text = `'${shown(odd)}' ${why}: one of ${originalWords.join(', ')} wanted`
    this.#begin(line).fail('MESSAGE_FORMAT', text)
  }

  #begin(line: Buffer): LinesMessage {
    this.context.stats.messages++
    const message = new LinesMessage(this, line, undefined)
    this.#inOrder.push(message)
    return message
  }

  #giveAnswers(): void {
    let answer = this.#inOrder[0]?.answer
    while (answer !== undefined) {
      this.#inOrder.shift()
      this.#heldBytes -= answer.length
      this.#outbox.raw(answer)
      answer = this.#inOrder[0]?.answer
    }
  }

  /** Tells the end, once all is answered. */
  #finish(): void {
    if (this.#inOrder.length > 0 || this.#isTold) return
    this.#isTold = true
    this.deadlineMs = Number.POSITIVE_INFINITY
    if (this.#hasTakenLeave) this.#outbox.raw(Buffer.from(originalGoodbye))
    this.#outbox.flush()
    this.#socket.end(() => {
      this.deadlineMs = this.context.sweep.nowMs + lingerMs
    })
    // Its end is heard only by reading.
    this.#socket.resume()
  }
}

const wordBytes = Object.fromEntries(
  originalWords.map((word) => [word, Buffer.from(word)]),
) as Readonly<Record<OriginalWord, Buffer>>
