import { longestTimerMs } from '../base/clock.ts'

/** Times, limits and manners of mode `http`. Times are in milliseconds, 0 is no limit; sizes in bytes. */
export interface HttpOptions {
  /** For a whole request head, from its first byte, or from the connection for the first one: 408. */
  readonly headTimeoutMs: number
  /** Between two pieces of a request's body: 408. */
  readonly bodyTimeoutMs: number
  /** For a client, or a backend, to take anything of what waits for it. */
  readonly writeTimeoutMs: number
  /** How long an idle client's connection is kept. */
  readonly keepAliveTimeoutMs: number
  /** How many requests a client's connection serves, and how old it gets; 0 is no limit. */
  readonly requestsMax: number
  readonly ageMaxMs: number
  /** Keep the connection of an HTTP/1.0 client that asks for it, as `ab -k` does. RFC 9112 C.2.2 is against. */
  readonly keepAlive10: boolean
  readonly headLimitBytes: number
  readonly targetLimitBytes: number
  readonly fieldsLimit: number
  /** Larger request bodies are refused: 413. 0 is no limit; nothing is buffered whole. */
  readonly bodyLimitBytes: number
  /** How long, and how much of, a refused request is read and dropped so that the client can read the answer. */
  readonly lingerTimeoutMs: number
  readonly lingerLimitBytes: number
  /** For the whole head of a response, from the last byte of the request: 504. */
  readonly responseTimeoutMs: number
  /** Between two pieces of a response. */
  readonly responseIdleTimeoutMs: number
  /** Of a connection that has been upgraded, and once one of its sides has ended. */
  readonly tunnelIdleTimeoutMs: number
  readonly halfClosedTimeoutMs: number
  /** Idle connections kept for each backend. */
  readonly idleConnectionsMax: number
  /** How long one is kept when the backend does not say; and the longest, whatever it says. 0 keeps none. */
  readonly reuseTimeoutMs: number
  readonly reuseTimeoutMaxMs: number
  /** Request bodies up to this size are kept for a retry. */
  readonly replayLimitBytes: number
  /** Peers whose X-Forwarded-… fields are believed, as addresses or CIDR ranges. */
  readonly trust: readonly string[]
  /** Also send `Forwarded` (RFC 7239). */
  readonly forwarded: boolean
  /** What backends see as Host: the client's, or their own address. */
  readonly host: 'client' | 'backend'
  /** Gives each request an X-Request-Id, unless a trusted peer did. */
  readonly requestId: boolean
  /** Whether a trace is begun where nobody has; `pass` leaves traceparent and tracestate alone. */
  readonly trace: 'pass' | 'start'
  /** How piloti calls itself in Via; a request that comes back with it is a loop: 508. */
  readonly pseudonym: string
}

export const httpDefaults: HttpOptions = {
  headTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  writeTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
  requestsMax: 0,
  ageMaxMs: 0,
  keepAlive10: false,
  headLimitBytes: 16_384,
  targetLimitBytes: 8_192,
  fieldsLimit: 100,
  bodyLimitBytes: 0,
  lingerTimeoutMs: 5_000,
  lingerLimitBytes: 1_048_576,
  responseTimeoutMs: 30_000,
  responseIdleTimeoutMs: 60_000,
  tunnelIdleTimeoutMs: 3_600_000,
  halfClosedTimeoutMs: 30_000,
  idleConnectionsMax: 256,
  reuseTimeoutMs: 4_000,
  reuseTimeoutMaxMs: 60_000,
  replayLimitBytes: 65_536,
  trust: [],
  forwarded: false,
  host: 'client',
  requestId: false,
  trace: 'pass',
  // Unlike for each process, so that two of them in a row are not taken for a loop.
  pseudonym: `piloti-${Math.random().toString(36).slice(2, 8).padEnd(6, '0')}`,
}

/**
 * All options, from those given; one that is undefined is not given.
 *
 * @throws RangeError when `pseudonym` cannot stand in Via. RFC 9110 7.6.3
 */
export function completeHttpOptions(given: Partial<HttpOptions> = {}): HttpOptions {
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  const options: HttpOptions = { ...httpDefaults, ...Object.fromEntries(set) }
  const { pseudonym, writeTimeoutMs } = options
  if (!/^[!#-'*+\--~]+$/.test(pseudonym)) {
    throw new RangeError(`pseudonym '${pseudonym}': visible ASCII without "(,)" wanted`)
  }
  return { ...options, writeTimeoutMs: Math.min(writeTimeoutMs, longestTimerMs) }
}
