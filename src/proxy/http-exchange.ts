import { type ErrorCode, errorKinds, systemCode } from '../base/errors.ts'
import type { Answer } from '../codecs/http1-answer.ts'
import { DONE, MORE } from '../codecs/http1-faults.ts'
import { Framing } from '../codecs/http1-framing.ts'
import { Method } from '../codecs/http1-method.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { isOffered } from '../codecs/http1-response.ts'
import { writeRequestHead } from '../codecs/http1-write.ts'
import type { BackendConnection, ConnectionUser } from '../http/backend-connection.ts'
import { dateLine } from '../http/date.ts'
import { wasAborted } from '../net/abort.ts'
import type { Outcome } from '../pool/lease.ts'
import { prefersJson } from './http-accept.ts'
import type { HttpClient } from './http-client.ts'
import type { HttpContext } from './http-context.ts'
import { RequestBody } from './http-request-body.ts'
import type { HttpSettings } from './http-settings.ts'
import { Tries } from './http-tries.ts'
import { openTunnel } from './http-tunnel.ts'
import { Notes } from './notes.ts'
import type { Refusal } from './routes.ts'

/**
 * One request and its response: carries the request to a backend and the response back.
 *
 * Its tries hold a lease from the pick to the last byte of the response. Once it has ended, nothing that a
 * connection still says matters.
 */
export class Exchange implements ConnectionUser {
  readonly #client: HttpClient
  readonly #context: HttpContext
  readonly #settings: HttpSettings
  readonly #head: RequestHead
  readonly #headBytes: Buffer
  readonly #body: RequestBody | undefined
  #connection: BackendConnection | undefined
  readonly #tries: Tries
  #stripBytes = 0
  #sentMs = 0
  /** When the bytes came that are being read, once that is known; else 0. */
  #readMs = 0
  #hasFirstByte = false
  #hasResponse = false
  #keepsClient = false
  #hasEnded = false

  /** @param bytes where `head` was read from. */
  constructor(client: HttpClient, context: HttpContext, head: RequestHead, bytes: Buffer) {
    this.#client = client
    this.#context = context
    this.#settings = client.settings
    this.#head = head
    this.#headBytes = bytes
    this.#tries = new Tries(this, client, context)
    if (context.accessLog !== undefined) {
      this.#tries.notes = new Notes(client.key, performance.now(), head, bytes)
    }
    const hasBody = head.framing === Framing.CHUNKED || head.contentLength > 0
    this.#body = hasBody ? new RequestBody(head, context.outbox, this.#settings.options) : undefined
  }

  /** Whether more of the request's body is to come. */
  get wantsBody(): boolean {
    return this.#body !== undefined && !this.#body.isDone
  }

  /** Whether there is a backend to pass more of the body on to. */
  get takesBody(): boolean {
    return this.wantsBody && this.#connection !== undefined
  }

  /** Whether it waits in line for a backend. */
  get isQueued(): boolean {
    return this.#tries.isQueued
  }

  /** Finds out where the request goes, and sends it there. */
  start(): void {
    const { router } = this.#settings
    this.#tries.identify(this.#head, this.#headBytes)
    const match = router.find(this.#head, this.#headBytes)
    if (match === undefined) return this.#refuse(router.refusal)
    this.#stripBytes = match.stripBytes
    this.#tries.begin(match.destination, this.#head, this.#headBytes)
    // To read the clock is what timing costs: over an idle connection the request has been sent just now.
    this.#tries.startMs = this.#sentMs || performance.now()
  }

  /** Sends what there is of the request over a connection to the leased backend. */
  use(connection: BackendConnection): void {
    const head = this.#head
    this.#connection = connection
    connection.user = this
    connection.heads.begin(head, this.#context.outbox, this.#client.socket)
    const isChunked = head.framing === Framing.CHUNKED
    if (isChunked && this.#context.oldBackends.has(connection.backend)) {
      return this.fail('REQUEST_LENGTH', 'a backend of HTTP/1.0 needs a Content-Length')
    }
    this.#send(connection)
  }

  /** Passes on what belongs to the request's body and returns the offset behind it. */
  requestBytes(bytes: Buffer, from: number, to: number): number {
    const body = this.#body!
    const { socket } = this.#connection!
    const at = body.take(bytes, from, to, socket)
    if (this.#tries.notes !== undefined) this.#tries.notes.requestBytes += at - from
    // Before its end is written: a backend must not take for whole what the client is refused.
    const { refusal } = body
    if (refusal !== null) {
      this.fail(refusal.code, refusal.reason)
      return at
    }
    this.#context.outbox.flush(socket)
    this.#tries.lease!.sent(at - from)
    if (body.isDone) this.#awaitResponse()
    else {
      this.#client.expect(this.#settings.options.bodyTimeoutMs)
      if (socket.writableNeedDrain) this.#awaitBackend()
    }
    return at
  }

  responseBytes(bytes: Buffer, end: number, isShared: boolean): boolean {
    if (!this.#hasFirstByte) this.#firstByte()
    this.#tries.lease!.received(end)
    const connection = this.#connection!
    const { body, heads } = connection
    let from = 0
    let all = bytes
    let to = end
    if (!this.#hasResponse) {
      if (!this.#readHeads(connection, bytes, end)) return true
      from = heads.at
      all = heads.bytes
      to = heads.end
    }
    const at = body.take(all, from, to, isShared && all === bytes)
    if (this.#tries.notes !== undefined) this.#tries.notes.responseBytes += at - from
    if (body.fault !== null) return !this.#distrust(body.fault.reason)
    if (body.isDone) return this.#complete(at < to)
    this.#readMs = 0
    this.#context.outbox.flush(this.#client.socket)
    this.#awaitMore()
    if (this.#client.socket.writableLength === 0) return true
    this.#client.whenWritten(() => {
      this.#awaitMore()
      this.#connection?.socket.resume()
    })
    return false
  }

  backendEnded(): void {
    const { body, socket } = this.#connection!
    if (this.#hasResponse && !wasAborted(socket) && body.end()) this.#complete(false)
    else this.#broken('ended the connection')
  }

  backendClosed(error: Error | undefined): void {
    const why = error === undefined ? '' : ` (${systemCode(error)})`
    this.#broken(`broke the connection off${why}`)
  }

  backendDrained(): void {
    this.#connection!.socket.setTimeout(0)
    if (!this.wantsBody) return
    this.#client.expect(this.#settings.options.bodyTimeoutMs)
    this.#client.feed()
  }

  backendStalled(): void {
    this.fail('BACKEND_TIMEOUT', 'the backend does not take the request')
  }

  /** The client left. */
  abandon(): void {
    if (this.#hasEnded) return
    this.#context.stats.aborted++
    const backend = this.#tries.lease?.backend.id
    this.#context.log.debug('client_gone', 'the client left before its answer ended (499)', {
      ...(backend !== undefined && { backend }),
    })
    this.#end('aborted')
    this.#tries.tell('client_gone', 499)
  }

  /** The client's deadline has passed: whoever it waits for is late. */
  expire(): void {
    const { lease } = this.#tries
    if (lease === undefined) this.#tries.expire()
    else if (this.wantsBody && !this.#awaitsContinue) {
      this.fail('REQUEST_TIMEOUT', 'the body of the request did not come in time')
    } else if (lease.isTrial) this.#broken('let its time pass', 'BACKEND_TIMEOUT')
    else this.fail('BACKEND_TIMEOUT', 'the backend did not answer in time')
  }

  /** Ends with an answer of the proxy's own, or by breaking off what has begun. */
  fail(code: ErrorCode, message: string, headers: Readonly<Record<string, string>> = {}): void {
    if (this.#hasEnded) return
    const backend = this.#tries.backend?.id
    const { pool, retries } = this.#tries
    const { side, status } = errorKinds[code]
    // What is gathered is for this client, and the next one's answer would come behind it.
    this.#context.outbox.drop()
    this.#context.report(code, message, { backend, retries, ...this.#tries.names }, pool)
    this.#excuse(code)
    this.#end(side === 'backend' ? 'failed' : 'aborted', message)
    if (this.#hasResponse) {
      this.#tries.tell(code, status)
      return this.#client.abort()
    }
    this.#answer({ status, code, message, headers })
  }

  /** Ends with an answer of the proxy's own that is no error. */
  reply(message: string, headers: Readonly<Record<string, string>>): void {
    this.#end('ok')
    this.#answer({ status: 200, code: 'OK', message, headers })
  }

  #refuse({ code, message }: Refusal): void {
    // Who sends what can be read in two ways is not trusted with a second try.
    if (code === 'REQUEST_FRAMING') this.#head.keepAlive = false
    this.fail(code, message)
  }

  #answer(answer: Answer): void {
    const json = prefersJson(this.#head, this.#headBytes)
    const toHead = this.#head.method === Method.HEAD
    this.#tries.answer({ ...answer, json, toHead }, !this.wantsBody)
  }

  /** A request that breaks says little of its backend. Silence does, but the last one left is kept. */
  #excuse(code: ErrorCode): void {
    const { lease, pool } = this.#tries
    if (lease === undefined) return
    const isKept = pool!.available < 2 || lease.backend.quietSinceMs > this.#sentMs
    if (code !== 'BACKEND_TIMEOUT' || isKept || this.#awaitsContinue) lease.excuse()
  }

  #send({ socket }: BackendConnection): void {
    const { outbox } = this.#context
    const { backend } = this.#tries.lease!
    const lines = this.#settings.linesOf(this.#client.key)
    const options = lines.options(this.#head, backend, this.#stripBytes)
    options.own = this.#tries.identity?.lines ?? null
    const length = writeRequestHead(outbox.buffer, 0, this.#head, this.#headBytes, options)
    if (length === -1) return this.fail('REQUEST_HEAD_TOO_LARGE', 'the head is too large')
    outbox.length = length
    this.#tries.lease!.sent(length)
    this.#body?.replay(socket)
    this.#awaitResponse()
    if (this.wantsBody) this.#client.feed()
    outbox.flush(socket)
  }

  #awaitResponse(): void {
    this.#sentMs = performance.now()
    const { bodyTimeoutMs, responseTimeoutMs } = this.#settings.options
    const isClientsTurn = this.wantsBody && !this.#awaitsContinue
    this.#client.expect(isClientsTurn ? bodyTimeoutMs : responseTimeoutMs)
  }

  /** Whether the client may wait for a 100 before it sends its body: then the backend is the one to act. */
  get #awaitsContinue(): boolean {
    return this.#head.expectContinue && !this.#hasFirstByte && this.#body?.hasBegun === false
  }

  #awaitMore(): void {
    if (!this.#hasEnded) this.#client.expectMore()
  }

  /** The backend takes no more of the body for now. */
  #awaitBackend(): void {
    this.#connection!.socket.setTimeout(this.#settings.options.writeTimeoutMs)
    this.#client.expect(Number.POSITIVE_INFINITY)
    this.#client.pause()
  }

  #firstByte(): void {
    this.#hasFirstByte = true
    // Only now: the system accepts connections also for a process that is stopped.
    this.#tries.lease!.connected()
    this.#tries.settle()
    // Perhaps a 100: the body's turn.
    if (this.wantsBody) this.#client.expect(this.#settings.options.bodyTimeoutMs)
  }

  /** @returns whether the final head has come, and the body may follow. */
  #readHeads(connection: BackendConnection, bytes: Buffer, end: number): boolean {
    const { head, heads } = connection
    const result = heads.read(bytes, end)
    if (result === MORE) return false
    if (result !== DONE) return this.#distrust(heads.reason)
    return head.status === 101 ? this.#switch(connection) : this.#begin(connection)
  }

  #begin({ backend, body, head, heads }: BackendConnection): boolean {
    const { oldBackends, outbox } = this.#context
    const { keepAlive, minor } = this.#head
    this.#readMs = performance.now()
    this.#tries.lease!.answered(this.#readMs - this.#sentMs, head.status >= 500)
    this.#tries.notes?.answered(this.#readMs)
    body.begin(head, outbox, this.#client.socket, this.#head)
    if (head.minor === 0) oldBackends.add(backend)
    else oldBackends.delete(backend)
    // An answer before the end of its request: what still comes of that is not the next request.
    const mayStay = keepAlive && this.#client.mayStay
    this.#keepsClient = mayStay && !this.wantsBody && body.isDelimited
    const persistent = minor === 0 ? 'keep-alive' : 'none'
    const isWritten = heads.forward({
      block: this.#tries.answerLines,
      date: dateLine(),
      chunked: head.coded ? minor > 0 : body.isChunked,
      connection: this.#keepsClient ? persistent : 'close',
    })
    if (!isWritten) return this.#distrust('a head that is too large')
    this.#hasResponse = true
    this.#tries.lease!.responded(head.status)
    if (this.#tries.notes !== undefined) this.#tries.notes.status = head.status
    return true
  }

  #switch(connection: BackendConnection): false {
    if (!this.#head.upgrade || !isOffered(this.#head.offered, connection.head.upgrade)) {
      return this.#distrust('a switch to a protocol that was not offered')
    }
    this.#hasEnded = true
    this.#context.stats.active--
    this.#tries.lease!.answered(performance.now() - this.#sentMs)
    this.#tries.measure()
    openTunnel(this.#client, connection, this.#tries, this.#context)
    return false
  }

  /** What the backend sent is not HTTP: nothing of it gets to the client. */
  #distrust(reason: string): false {
    this.fail('BACKEND_FRAMING', `the backend sent ${reason}`)
    return false
  }

  #complete(hasMore: boolean): true {
    const connection = this.#connection!
    const { socket } = this.#client
    this.#context.outbox.flush(socket)
    if (hasMore) this.#context.desynced(connection)
    const isWritten = connection.socket.writableLength === 0
    const isClean = connection.head.keepAlive && !hasMore && !this.wantsBody && isWritten
    if (socket.writableLength === 0) connection.inlet.giveBack()
    else connection.inlet.abandon()
    connection.user = undefined
    if (isClean) {
      this.#connection = undefined
      if (connection.socket.timeout) connection.socket.setTimeout(0)
    }
    const { status } = connection.head
    // What a gateway says of its server. The client has its answer, so this is all that comes of it.
    if (status === 502 || status === 503 || status === 504) this.#end('failed', `a ${status}`)
    else this.#end('ok')
    this.#tries.tell('finished', status)
    if (isClean) this.#context.keep(connection)
    this.#context.served(this.#tries.pool!)
    this.#client.exchangeEnded(this.#keepsClient, !this.wantsBody)
    return true
  }

  /** The connection to the backend broke: another try if nothing is lost by it, else an error. */
  #broken(what: string, code: ErrorCode = 'BACKEND_RESET'): true {
    const { exchanges } = this.#connection!
    const isStale = exchanges > 0 && code === 'BACKEND_RESET'
    const isRepeatable = this.#head.idempotent && (this.#body?.isReplayable ?? true)
    const message = `the backend ${what} before its answer was complete`
    if (!this.#hasFirstByte && isRepeatable) {
      this.#letGo()
      this.#excuse(code)
      if (this.#tries.repeat(what, isStale, { code, message })) return true
    }
    this.fail(code, message)
    return true
  }

  #end(outcome: Outcome, reason = ''): void {
    this.#hasEnded = true
    this.#context.stats.active--
    if (this.#hasResponse) this.#tries.measure(this.#readMs)
    this.#letGo()
    this.#tries.end(outcome, reason)
  }

  #letGo(): void {
    const connection = this.#connection
    if (connection === undefined) return
    this.#connection = undefined
    connection.user = undefined
    connection.destroy()
  }
}
