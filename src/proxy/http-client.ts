import type { Socket } from 'node:net'
import { type ErrorCode, errorKinds } from '../base/errors.ts'
import { type Answer, simpleAnswer } from '../codecs/http1-answer.ts'
import { BAD, MORE } from '../codecs/http1-faults.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { dateLine } from '../http/date.ts'
import { abort } from '../net/abort.ts'
import type { Relay } from '../net/relay.ts'
import type { Expiring } from '../net/sweep.ts'
import { admit } from './http-admission.ts'
import type { HttpContext } from './http-context.ts'
import { Exchange } from './http-exchange.ts'
import { Linger } from './http-linger.ts'
import type { HttpSettings } from './http-settings.ts'
import { Notes } from './notes.ts'

type Phase = 'idle' | 'head' | 'exchange' | 'lingering' | 'tunnel' | 'closed'

const nothing = Buffer.alloc(0)

/**
 * One client's connection: cuts requests out of its bytes and has one exchange at a time.
 *
 * Requests sent ahead (pipelining) wait in one read's worth of bytes with the socket paused, so they are
 * answered in order and fill no memory.
 */
export class HttpClient implements Expiring {
  deadlineMs = 0
  sweepSlot = -1
  slot = -1
  readonly socket: Socket
  /** The client's address; empty for a Unix socket. */
  readonly key: string
  /** What its request under way goes by, or went by that came last. */
  settings: HttpSettings
  readonly #context: HttpContext
  #phase: Phase = 'idle'
  /** What has been read; used up to `#at`. */
  #bytes: Buffer = nothing
  #at = 0
  #head: RequestHead | undefined
  #exchange: Exchange | undefined
  #tunnel: Relay | undefined
  #requests = 0
  readonly #bornMs: number
  #isCutting = false
  #linger: Linger | undefined

  constructor(socket: Socket, context: HttpContext) {
    this.socket = socket
    this.#context = context
    this.settings = context.settings
    // Before its clock is read: that of a sweep that watched nothing is an old one.
    context.sweep.add(this)
    this.#bornMs = context.sweep.nowMs
    this.key = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    this.expect(this.settings.options.headTimeoutMs)
    context.clients.add(this)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.closed())
    socket.on('timeout', () => this.abort())
    socket.resume()
  }

  /** Sets the deadline for whatever comes next; 0 is none. */
  expect(withinMs: number): void {
    this.deadlineMs = this.#context.sweep.nowMs + (withinMs || Number.POSITIVE_INFINITY)
  }

  /** Whether the connection may serve another request after this one. */
  get mayStay(): boolean {
    const { isDraining, sweep } = this.#context
    const { ageMaxMs, requestsMax } = this.settings.options
    if (isDraining || (requestsMax > 0 && this.#requests >= requestsMax)) return false
    return ageMaxMs === 0 || sweep.nowMs - this.#bornMs < ageMaxMs
  }

  /** More of an answer follows what has been written. */
  expectMore(): void {
    // Not before: Nagle's algorithm never holds up a first write, and many a connection has no second one.
    this.socket.setNoDelay(true)
    this.expect(this.settings.options.responseIdleTimeoutMs)
  }

  expire(): void {
    if (this.#phase === 'exchange') this.#exchange?.expire()
    else if (this.#phase === 'head') this.#refuse('REQUEST_TIMEOUT', 'the head came too slowly')
    else this.socket.destroy()
  }

  /** Gives the exchange what is held of its body, and reads on unless something is left over. */
  feed(): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    // First, for the exchange may ask for a pause.
    this.socket.resume()
    if (exchange.takesBody && this.#at < this.#bytes.length) {
      this.#at = exchange.requestBytes(this.#bytes, this.#at, this.#bytes.length)
      if (this.#exchange !== exchange) return
    }
    this.#forget()
    if (this.#bytes !== nothing) this.socket.pause()
  }

  pause(): void {
    this.socket.pause()
  }

  /** Calls back when the client has taken everything; a client that takes nothing is cut off. */
  whenWritten(callback: () => void): void {
    const { socket } = this
    // Unlike our deadlines, the socket's own fires only while nothing at all is taken.
    this.expect(Number.POSITIVE_INFINITY)
    socket.setTimeout(this.settings.options.writeTimeoutMs)
    socket.write(nothing, () => {
      socket.setTimeout(0)
      if (!socket.destroyed) callback()
    })
  }

  /** Sends an answer of the proxy's own. @param isWhole whether all of the request has come. */
  answer(answer: Omit<Answer, 'close' | 'date'>, isWhole: boolean): void {
    const keepsClient = isWhole && this.#head?.keepAlive === true && this.mayStay
    this.socket.write(simpleAnswer({ ...answer, close: !keepsClient, date: dateLine() }))
    this.exchangeEnded(keepsClient, isWhole)
  }

  /** The response is written; the next request may come, or the connection ends. */
  exchangeEnded(keepsClient: boolean, isWhole: boolean): void {
    this.#exchange = undefined
    this.#giveHeadBack()
    if (!keepsClient || this.#context.isDraining) return this.#close(isWhole)
    this.#phase = 'idle'
    if (this.socket.writableLength > 0) this.whenWritten(() => this.#awaitNext())
    else this.#awaitNext()
  }

  /** Lets go of an idle connection; a busy one ends by itself after its answer. */
  drain(): void {
    // Its last answer may still be on its way.
    if (this.#phase === 'idle') this.#close(true)
  }

  /** Breaks off, so that the client cannot take what it has for complete. */
  abort(): void {
    if (this.#tunnel !== undefined) return this.#tunnel.abort('forced')
    if (this.#exchange?.isQueued !== true) return abort(this.socket)
    // Nothing of an answer has begun, so it can get one.
    this.#exchange.expire()
    this.socket.destroy()
  }

  /** Hands the socket over to `relay`. @returns what has been read already. */
  becomeTunnel(relay: Relay): Buffer {
    const early = this.#bytes.subarray(this.#at)
    this.#phase = 'tunnel'
    this.socket.setNoDelay(true)
    this.#tunnel = relay
    this.#exchange = undefined
    this.#bytes = nothing
    this.#giveHeadBack()
    this.#context.sweep.delete(this)
    const { socket } = this
    for (const event of ['data', 'end', 'close', 'timeout']) socket.removeAllListeners(event)
    return early
  }

  /** The socket is closed. */
  closed(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#exchange?.abandon()
    this.#giveHeadBack()
    this.#context.sweep.delete(this)
    this.#context.clients.delete(this)
  }

  #read(chunk: Buffer): void {
    if (this.#linger !== undefined) return this.#linger.discard(chunk)
    const exchange = this.#exchange
    if (exchange?.takesBody && this.#bytes === nothing) {
      const at = exchange.requestBytes(chunk, 0, chunk.length)
      if (at < chunk.length && this.#exchange === exchange) this.#hold(chunk, at)
      return
    }
    if (exchange !== undefined || this.socket.writableLength > 0) return this.#hold(chunk, 0)
    this.#bytes = this.#bytes === nothing ? chunk : Buffer.concat([this.#rest(), chunk])
    this.#at = 0
    this.#cut()
  }

  #awaitNext(): void {
    if (this.#requests === 1) this.socket.setNoDelay(true)
    this.expect(this.settings.options.keepAliveTimeoutMs)
    this.#cut()
  }

  /** Keeps bytes for later and reads no more until then. */
  #hold(chunk: Buffer, at: number): void {
    this.socket.pause()
    if (this.#bytes === nothing) {
      this.#bytes = chunk
      this.#at = at
    } else {
      this.#bytes = Buffer.concat([this.#rest(), chunk])
      this.#at = 0
    }
  }

  #rest(): Buffer {
    return this.#bytes.subarray(this.#at)
  }

  /** Lets go of bytes that have been used. */
  #forget(): void {
    if (this.#at < this.#bytes.length) return
    this.#bytes = nothing
    this.#at = 0
  }

  /** Starts exchanges for as long as there are whole heads and nobody waits. */
  #cut(): void {
    // An answer given at once ends its exchange in here: the loop goes on, instead of a call in a call.
    if (this.#isCutting) return
    this.#isCutting = true
    while (this.#isReady && this.#startNext());
    this.#isCutting = false
  }

  get #isReady(): boolean {
    return (this.#phase === 'idle' || this.#phase === 'head') && this.socket.writableLength === 0
  }

  /** @returns whether there may be another request in what is held. */
  #startNext(): boolean {
    this.#forget()
    if (this.#bytes === nothing) {
      this.socket.resume()
      return false
    }
    const head = this.#head ?? this.#takeHead()
    const result = head.parse(this.#bytes, this.#at, this.#bytes.length)
    if (result === MORE) {
      if (this.#phase === 'idle' && this.#requests > 0)
        this.expect(this.settings.options.headTimeoutMs)
      this.#phase = 'head'
      this.socket.resume()
      return false
    }
    if (result === BAD) {
      this.#refuse(head.fault!.code, head.fault!.reason)
      return false
    }
    this.#startExchange(head)
    return true
  }

  #startExchange(head: RequestHead): void {
    const bytes = this.#bytes
    this.#requests++
    this.#phase = 'exchange'
    this.#at += head.end
    this.#forget()
    this.#context.stats.requests++
    this.#context.stats.active++
    const exchange = new Exchange(this, this.#context, head, bytes)
    this.#exchange = exchange
    if (!admit(exchange, head, bytes, this.settings)) return
    exchange.start()
    if (this.#exchange === exchange && this.#bytes !== nothing) this.socket.pause()
  }

  /** A head that is wrong or late: nothing after it can be trusted to be a request. */
  #refuse(code: ErrorCode, message: string): void {
    this.#giveHeadBack()
    this.#context.report(code, message, { client: this.key })
    const { status } = errorKinds[code]
    this.#context.stats.unrouted.count(status)
    this.#tellRefused(code, status)
    const date = dateLine()
    this.socket.write(simpleAnswer({ status, code, message, close: true, date }))
    this.#close(false)
  }

  /** What it asked for is not known, and no guess belongs in a log. */
  #tellRefused(code: ErrorCode, status: number): void {
    const { accessLog } = this.#context
    if (accessLog === undefined) return
    const notes = new Notes(this.key, performance.now())
    notes.ended(code.toLowerCase(), status)
    accessLog.tell(notes)
  }

  #close(isWhole: boolean): void {
    const { socket } = this
    this.#phase = 'lingering'
    // Closing outright saves a shutdown and a turn of the loop. With bytes unread it would be a reset.
    if (isWhole && this.#bytes === nothing && socket.writableLength === 0) {
      socket.destroy()
      return
    }
    this.#bytes = nothing
    this.#linger = new Linger(this, this.settings.options)
  }

  /** The client will send no more. While it waits for an answer that means it has left, as in nginx. */
  #ended(): void {
    if (this.#phase === 'lingering') return
    this.#exchange?.abandon()
    if (this.#phase === 'idle' && this.socket.writableLength > 0) this.socket.end()
    else this.socket.destroy()
  }

  #takeHead(): RequestHead {
    this.settings = this.#context.settings
    this.#head = this.settings.takeHead()
    return this.#head
  }

  #giveHeadBack(): void {
    if (this.#head === undefined) return
    this.settings.giveHeadBack(this.#head)
    this.#head = undefined
  }
}
