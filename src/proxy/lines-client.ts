import { isUtf8 } from 'node:buffer'
import type { Socket } from 'node:net'
import { printable, shown } from '../base/printable.ts'
import { errorLine, type JsonRpcMessage, scanJsonRpc } from '../codecs/json-rpc.ts'
import { LineReader, tooLong } from '../codecs/lines.ts'
import { abort, wasAborted } from '../net/abort.ts'
import type { Expiring } from '../net/sweep.ts'
import { networkOf } from './affinity-keys.ts'
import type { LinesContext } from './lines-context.ts'
import { type IdPlace, LinesMessage } from './lines-message.ts'
import { LinesOutbox } from './lines-outbox.ts'
import type { LinesPeer, LinesRefusal } from './lines-peer.ts'
import type { Destination } from './routes.ts'

/** Beyond this, of messages under way and of answers that are not taken, no more is read. */
const heldLimitBytes = 1_048_576
/** Answers to what was read already may still come. Who does not take so much of them is broken off. */
const heldMostBytes = 16 * heldLimitBytes
/** How long a client that was told the end may take to end its side. */
const lingerMs = 5_000
/** After this long without a byte the system asks the client whether it still exists. */
const quietMs = 30_000

/** One client: cuts what it sends into messages, and gives it the answers. */
export class LinesClient implements LinesPeer, Expiring {
  slot = -1
  deadlineMs = 0
  sweepSlot = -1
  /** Whether it is in line to be woken. */
  isDue = false
  isGone = false
  readonly plainKind = 'text'
  readonly context: LinesContext
  /** Where its messages go. */
  readonly destination: Destination
  /** What the strategy picks by. */
  readonly key: string
  /** Messages that wait for a backend, or for room on its connections. */
  readonly waiting: Set<LinesMessage> = new Set()
  readonly #socket: Socket
  readonly #reader: LineReader
  readonly #outbox: LinesOutbox
  /** Plain text that is not answered yet, in the order of its arrival. */
  readonly #inOrder: LinesMessage[] = []
  #outstanding = 0
  #heldBytes = 0
  #readMs = 0
  #isJson = false
  /** It will send no more. */
  #hasEnded = false
  /** No more is taken from it. */
  #isClosing = false
  /** It was told the end. */
  #isTold = false
  #address: string | undefined
  #name: string | undefined

  constructor(socket: Socket, context: LinesContext) {
    const { lines, router } = context.settings
    this.context = context
    this.destination = router.only!.destination
    this.#socket = socket
    this.#reader = new LineReader(lines.messageLimitBytes)
    this.#outbox = new LinesOutbox(socket, context, lines.writeTimeoutMs, () => this.wake())
    this.key = this.#keyOf(this.destination)
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

  /** Its host, without a port. Empty for a Unix socket. */
  get address(): string {
    this.#address ??= (this.#socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    return this.#address
  }

  /** What people call it. */
  get name(): string {
    this.#name ??= this.address === '' ? 'unix' : `${this.address}:${this.#socket.remotePort}`
    return this.#name
  }

  /** Goes on after what it had to wait for. */
  wake(): void {
    if (!this.isGone) this.#pump()
  }

  /** Gives it an answer: at once, or for plain text after those to what it sent before. */
  answer(message: LinesMessage, line: Buffer, place: IdPlace | undefined): void {
    if (place !== undefined) {
      this.#outbox.withId(line, place.idFrom, place.idTo, message.id)
      return this.#check()
    }
    if (this.#inOrder[0] === message) {
      this.#inOrder.shift()
      this.#outbox.line(line)
      this.#answerNext()
    } else {
      message.answer = Buffer.from(line)
      this.#heldBytes += line.length
    }
    this.#check()
  }

  /** Gives it an error line in the place of an answer. */
  refuse(message: LinesMessage, { code, jsonCode = -32_000, message: text }: LinesRefusal): void {
    if (this.isGone) return
    if (message.kind === 'json') {
      const id = Buffer.from(message.id, 'latin1')
      this.#outbox.raw(errorLine(id, jsonCode, text, { code }))
      return this.#check()
    }
    const named = message.line.length === 0 ? '' : `'${shown(headOf(message.line))}': `
    this.answer(message, Buffer.from(`error ${code}: ${named}${printable(text)}`), undefined)
  }

  /** A message is over. */
  ended({ line }: LinesMessage): void {
    this.#outstanding--
    this.#heldBytes -= line.length
    if (!this.isGone) this.context.wakeSoon(this)
  }

  /** Takes no more messages; ends when those it has sent are answered. */
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
    const isBusy = this.#outstanding > 0 || this.#outbox.heldBytes > 0
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

  /** Takes as many messages as it may have under way. */
  #pump(): void {
    while (this.#mayTake()) {
      const line = this.#reader.next() ?? (this.#hasEnded ? this.#reader.rest() : undefined)
      if (line === undefined) {
        this.#isClosing ||= this.#hasEnded
        if (this.#socket.isPaused()) this.#socket.resume()
        break
      }
      this.#take(line)
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
    if (Math.max(this.#outstanding, this.#inOrder.length) >= clientOutstandingMax) return false
    return this.#heldBytes + this.#outbox.heldBytes <= heldLimitBytes
  }

  #take(line: Buffer | typeof tooLong): void {
    const { stats } = this.context
    if (line === tooLong) {
      stats.messages++
      return this.#refuseLong()
    }
    const first = firstByte(line)
    if (first === -1) return
    stats.messages++
    this.context.activity?.request(line, this.name)
    this.#isJson = first === openBrace || first === openBracket
    if (this.#isJson) return this.#takeJson(line)
    const message = this.#begin(line, undefined)
    // A backend that takes it for a line end would answer twice, and others would get the second answer.
    if (line.includes(carriageReturn)) message.fail('MESSAGE_FORMAT', 'the message has a CR inside')
    else if (isUtf8(line)) message.start()
    else message.fail('MESSAGE_FORMAT', 'the message is not valid UTF-8')
  }

  #takeJson(line: Buffer): void {
    const found = scanJsonRpc(line)
    if (found.kind === 'call' || found.kind === 'notification') {
      return this.#begin(line, found).start()
    }
    const isFault = found.kind === 'fault'
    const text = isFault ? found.text : 'an answer, and nothing was asked'
    const message = this.#begin(line, { ...unread, idFrom: found.idFrom, idTo: found.idTo })
    message.fail('MESSAGE_FORMAT', text, isFault ? found.code : -32_600)
  }

  /** What it was is not known: it is taken for what came before. */
  #refuseLong(): void {
    const { messageLimitBytes } = this.context.settings.lines
    const text = `the message is longer than ${messageLimitBytes} bytes`
    const message = this.#begin(nothing, this.#isJson ? unread : undefined)
    message.fail('MESSAGE_LIMIT', text, -32_600)
  }

  #begin(line: Buffer, found: JsonRpcMessage | undefined): LinesMessage {
    const message = new LinesMessage(this, line, found)
    this.#outstanding++
    this.#heldBytes += line.length
    if (found === undefined) this.#inOrder.push(message)
    return message
  }

  /** Answers that waited for the one just given. */
  #answerNext(): void {
    let next = this.#inOrder[0]
    while (next?.answer !== undefined) {
      this.#inOrder.shift()
      this.#heldBytes -= next.answer.length
      this.#outbox.line(next.answer)
      next = this.#inOrder[0]
    }
  }

  /** Who never reads must not fill the memory. */
  #check(): void {
    if (this.#outbox.heldBytes > heldMostBytes) this.abort()
  }

  /** Tells the end, once all is answered. */
  #finish(): void {
    if (this.#outstanding > 0 || this.#isTold) return
    this.#isTold = true
    this.deadlineMs = Number.POSITIVE_INFINITY
    this.#outbox.flush()
    this.#socket.end(() => {
      this.deadlineMs = this.context.sweep.nowMs + lingerMs
    })
    // Its end is heard only by reading.
    this.#socket.resume()
  }

  /** Asking for a client's address is a system call. */
  #keyOf({ affinity, pool }: Destination): string {
    if (!pool.usesKey) return ''
    return affinity === undefined ? this.address : networkOf(this.address)
  }
}

const nothing = Buffer.alloc(0)
const carriageReturn = 0x0d
const openBrace = 0x7b
const openBracket = 0x5b
const shownBytes = 400
const unread: JsonRpcMessage = {
  ...{ kind: 'call', idFrom: 0, idTo: 0, methodFrom: 0, methodTo: 0, isError: false },
}

const headOf = (line: Buffer): string => line.toString('utf8', 0, shownBytes)

/** The first byte that is no blank; -1 when there is none. */
function firstByte(line: Buffer): number {
  for (let at = 0; at < line.length; at++) {
    const byte = line[at]!
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return byte
  }
  return -1
}
