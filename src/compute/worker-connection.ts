import type { Socket } from 'node:net'
import { LineReader, tooLong } from '../codecs/lines.ts'
import { type Fault, faultCodes, isFault, type Result, type Task } from './protocol.ts'
import { estimatedMs } from './tasks.ts'
import { answerLine, type Health, type Request, readRequest } from './worker-request.ts'
import { type Cancel, inlineMaxMs, type WorkerService } from './worker-service.ts'

/** How much one client may ask for, and hold. */
export interface ClientLimits {
  /** A longer line is refused, and the connection goes on. */
  readonly messageLimitBytes: number
  /** With so many messages not answered yet, its client is not read. */
  readonly outstandingMax: number
  /** With more answers than that not taken yet, its client is not read. */
  readonly unreadMaxBytes: number
  /** A client that takes nothing of what it is sent for so long is broken off, in milliseconds. */
  readonly writeTimeoutMs: number
}

/** A message that is not answered yet. */
interface Message {
  readonly request: Request
  /** The answer, while it waits for those before it. */
  line: string | undefined
}

/** So much work is done for one client before others are looked at, in milliseconds as estimated. */
const turnMs = 4
/** How long the other side may take to hang up after everything was said, in milliseconds. */
const lingerMs = 1_000

/** A client of a worker: reads its lines, answers text in order and JSON-RPC as tasks end. */
export class WorkerConnection {
  readonly #socket: Socket
  readonly #service: WorkerService
  readonly #limits: ClientLimits
  readonly #reader: LineReader
  /** How to give up the tasks that are under way. */
  readonly #cancels = new Map<Message, Cancel>()
  /** Messages in plain text, in the order of their answers. */
  readonly #inOrder: Message[] = []
  /** Messages whose answers were not handed to the socket. */
  #outstanding = 0
  /** Answers that are written together at the end of a turn. */
  #written: string[] = []
  /** Characters, which are bytes here, of answers that were not handed to the socket. */
  #heldBytes = 0
  #isPumping = false
  #goesOn: NodeJS.Immediate | undefined
  #lingers: NodeJS.Timeout | undefined
  #inputEnded = false
  #isDraining = false
  /** The form of the latest message; in this one a line is refused that was not read. */
  #isJson = false

  constructor(socket: Socket, service: WorkerService, limits: ClientLimits) {
    this.#socket = socket
    this.#service = service
    this.#limits = limits
    this.#reader = new LineReader(limits.messageLimitBytes)
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('end', () => {
      this.#inputEnded = true
      this.#pump()
    })
    socket.on('finish', () => this.#linger())
    socket.on('close', () => this.#gone())
    socket.setTimeout(limits.writeTimeoutMs, () => {
      if (socket.writableLength > 0) socket.destroy()
    })
  }

  /** Answers what has been read, and ends. */
  drain(): void {
    this.#isDraining = true
    this.#pump()
  }

  abort(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    if (this.#isDraining) return
    this.#reader.push(chunk)
    this.#pump()
  }

  /** Takes lines for as long as there are some, there is room, and others need not wait for long. */
  #pump(): void {
    if (this.#isPumping || this.#goesOn !== undefined || this.#socket.destroyed) return
    this.#isPumping = true
    let leftMs = turnMs
    let line: ReturnType<LineReader['next']> = tooLong
    while (leftMs > 0 && line !== undefined && this.#hasRoom()) {
      line = this.#reader.next() ?? this.#lastLine()
      if (line !== undefined) leftMs -= line === tooLong ? this.#refuse() : this.#take(line)
    }
    this.#isPumping = false
    this.#flush()
    if (line !== undefined) this.#socket.pause()
    else if (this.#inputEnded || this.#isDraining) this.#endWhenDone()
    else this.#socket.resume()
    if (leftMs <= 0) this.#goesOn = setImmediate(() => this.#goOn())
  }

  #goOn(): void {
    this.#goesOn = undefined
    this.#pump()
  }

  /** What the client ended with, without an end of line. While draining it may be half a message. */
  #lastLine(): ReturnType<LineReader['rest']> {
    return this.#inputEnded ? this.#reader.rest() : undefined
  }

  #hasRoom(): boolean {
    const { outstandingMax, unreadMaxBytes } = this.#limits
    const unreadBytes = this.#socket.writableLength + this.#heldBytes
    return this.#outstanding < outstandingMax && unreadBytes <= unreadMaxBytes
  }

  /** @returns about how many milliseconds that has taken. */
  #take(line: Buffer): number {
    const lineMs = 0.01 + line.length / 200e3
    const request = readRequest(line)
    if (request === undefined) return lineMs
    const { wanted } = request
    this.#isJson = request.id !== undefined
    const message = this.#begin(request)
    if (wanted === 'health') this.#answer(message, this.#service.health())
    else if (isFault(wanted)) this.#answer(message, wanted)
    else return lineMs + this.#do(wanted, message)
    return lineMs
  }

  #begin(request: Request): Message {
    const message: Message = { request, line: undefined }
    this.#outstanding++
    if (request.id === undefined) this.#inOrder.push(message)
    return message
  }

  #do(task: Task, message: Message): number {
    const ms = estimatedMs(task)
    const taken = this.#service.take(task, ms, (answer) => this.#done(message, answer))
    if (typeof taken === 'function') {
      this.#cancels.set(message, taken)
      this.#service.active++
      return 0
    }
    this.#answer(message, taken)
    return Math.min(ms, inlineMaxMs)
  }

  /** A task has ended that was under way. */
  #done(message: Message, answer: Result | Fault): void {
    if (!this.#cancels.delete(message)) return // Its client is gone.
    this.#service.active--
    this.#answer(message, answer)
    this.#flush()
    this.#pump()
  }

  #refuse(): number {
    const text = `the message is longer than ${this.#limits.messageLimitBytes} bytes`
    const wanted: Fault = { code: faultCodes.request, message: text }
    const request = this.#isJson ? { id: 'null', wanted } : { wanted }
    this.#answer(this.#begin(request), wanted)
    return 0.01
  }

  #answer(message: Message, answer: Result | Health | Fault): void {
    const { request } = message
    this.#service.answers[isFault(answer) ? 'failed' : 'ok']++
    message.line = answerLine(request, answer, this.#service.name)
    this.#heldBytes += message.line.length
    if (request.id !== undefined) this.#written.push(message.line)
    while (this.#inOrder[0]?.line !== undefined) {
      this.#written.push(this.#inOrder.shift()!.line!)
    }
  }

  #flush(): void {
    if (this.#written.length === 0) return
    const text = this.#written.join('')
    this.#outstanding -= this.#written.length
    this.#heldBytes -= text.length
    this.#written = []
    this.#socket.write(text, this.#taken)
  }

  /** There may be room again. */
  readonly #taken = (): void => {
    if (this.#socket.isPaused()) this.#pump()
  }

  #endWhenDone(): void {
    if (this.#outstanding > 0 || this.#socket.writableEnded) return
    this.#socket.end()
    // What still comes is too late, and is dropped: unread it would be a reset.
    this.#socket.resume()
  }

  #linger(): void {
    this.#lingers = setTimeout(() => this.#socket.destroy(), lingerMs)
  }

  #gone(): void {
    clearImmediate(this.#goesOn)
    clearTimeout(this.#lingers)
    this.#service.active -= this.#cancels.size
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels.clear()
  }
}
