import type { RequestHead } from '../codecs/http1-request.ts'
import type { RelayEnd } from '../net/relay.ts'
import { noRequest, type RequestText, requestTextOf } from './request-text.ts'

/** How the end of a relay is told. */
export const relayEnds: Readonly<Record<RelayEnd, string>> = {
  finished: 'finished',
  client: 'client_gone',
  backend: 'backend_reset',
  idle: 'idle_timeout',
  forced: 'forced',
}

/**
 * What is noted of one exchange, or of one connection of mode `tcp`, while it goes on.
 *
 * Made only when somebody will be told. Texts are as the peers sent them: whoever writes them escapes them.
 */
export class Notes {
  /** The arrival, in milliseconds since 1970. */
  atMs: number = Date.now()
  readonly #startMs: number
  /** The client's address; empty for a Unix socket. */
  readonly client: string
  /** Empty until one was chosen; a pool may have no name. */
  pool = ''
  backend = ''
  retries = 0
  /** Waiting in line for a backend that is not full, in all tries together. */
  queueMs = 0
  /** For a connection to the last backend; 0 when there was one. */
  connectMs = 0
  /** From the arrival to the first of the answer; -1 without one. */
  firstByteMs = -1
  durationMs = 0
  /** Bytes of the bodies as they came, without heads; in mode `tcp`, and in tunnels, all bytes. */
  requestBytes = 0
  responseBytes = 0
  /** 0 in mode `tcp`. */
  status = 0
  /** `finished`, `client_gone` …, or the code of an error in lower case. */
  end = ''
  /** Of mode `http`; found when all is over. */
  request: RequestText
  requestId = ''
  traceId = ''
  #markMs = 0
  readonly #head: RequestHead | undefined
  #isKept = false

  /**
   * @param startMs the arrival on the monotonic clock.
   * @param head of a request; it is read when all is over, from `bytes`.
   */
  constructor(
    client: string,
    startMs: number,
    head?: RequestHead | undefined,
    bytes?: Buffer | undefined,
  ) {
    this.client = client
    this.#startMs = startMs
    this.#head = head
    this.request = head === undefined ? noRequest : requestTextOf(head, bytes!)
  }

  /** Waiting for a backend, or for a connection, begins. */
  mark(): void {
    this.#markMs = performance.now()
  }

  /** It goes to this backend, after another one that failed. */
  tries(backend: string): void {
    if (this.backend !== '') this.retries++
    this.backend = backend
    this.connectMs = 0
  }

  queued(): void {
    this.queueMs += performance.now() - this.#markMs
  }

  connected(): void {
    this.connectMs = performance.now() - this.#markMs
  }

  /** There is the head of an answer, or its first byte. */
  answered(nowMs: number = performance.now()): void {
    this.firstByteMs = nowMs - this.#startMs
  }

  /** It is over: nothing is noted from here on. @param status unless an answer has begun with another. */
  ended(how: string, status: number): void {
    this.durationMs = performance.now() - this.#startMs
    this.end = how
    if (this.status === 0) this.status = status
    if (this.#head !== undefined && !this.#isKept) this.request.find(this.#head)
  }

  /** What is told of the request is told long after its head is used again. */
  keep(): void {
    if (this.#head === undefined) return
    this.request = this.request.kept(this.#head)
    this.#isKept = true
  }
}
