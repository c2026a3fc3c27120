import { matches } from '../codecs/http1-chars.ts'
import { Method } from '../codecs/http1-method.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { STRIDE } from '../codecs/http1-table.ts'
import type { RelayEnd } from '../net/relay.ts'

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
  readonly atMs: number = Date.now()
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
  /** Of a request; empty for one that could not be read. */
  method = ''
  target = ''
  minor = 1
  host = ''
  referer = ''
  agent = ''
  requestId = ''
  traceId = ''
  #markMs = 0
  #head: RequestHead | undefined
  readonly #bytes: Buffer | undefined

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
    this.#bytes = bytes
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
    this.read()
  }

  /** Takes over what is told of the request: its head will be used again. */
  read(): void {
    if (this.#head === undefined) return
    this.#read(this.#head, this.#bytes!)
    this.#head = undefined
  }

  #read({ fields, hostFrom, hostTo, line, start }: RequestHead, bytes: Buffer): void {
    const { methodFrom, methodTo, targetFrom, targetTo } = line
    this.method = methods[line.method] ?? textOf(bytes, start + methodFrom, start + methodTo)
    this.target = textOf(bytes, start + targetFrom, start + targetTo, targetMaxBytes)
    this.minor = line.minor
    if (hostFrom !== -1) this.host = textOf(bytes, start + hostFrom, start + hostTo)
    const { count, table } = fields
    for (let slot = 0; slot < count * STRIDE; slot += STRIDE) {
      const length = table[slot + 1]! - table[slot]!
      if (length !== agentName.length && length !== refererName.length) continue
      const from = start + table[slot]!
      const isAgent = length === agentName.length
      if (!matches(bytes, from, isAgent ? agentName : refererName)) continue
      const value = textOf(bytes, start + table[slot + 2]!, start + table[slot + 3]!)
      if (isAgent) this.agent = value
      else this.referer = value
    }
  }
}

/** Longer texts are cut in what is told of them. */
const targetMaxBytes = 8_192
const valueMaxBytes = 1_024
const agentName = new TextEncoder().encode('user-agent')
const refererName = new TextEncoder().encode('referer')

/** By number; what is not known is read. */
const methods = Object.entries(Method).reduce<(string | undefined)[]>((names, [name, method]) => {
  if (method !== Method.OTHER) names[method] = name
  return names
}, [])

function textOf(bytes: Buffer, from: number, to: number, maxBytes = valueMaxBytes): string {
  return bytes.toString('latin1', from, Math.min(to, from + maxBytes))
}
