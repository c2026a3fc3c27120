import { longestTimerMs } from '../base/clock.ts'
import { lineLimitMostBytes } from '../codecs/lines.ts'
import { type Wire, wires } from '../codecs/wire.ts'

/** Times, limits and manners of mode `lines`. Times are in milliseconds, 0 is no limit; sizes in bytes. */
export interface LinesOptions {
  /** What clients and backends speak. */
  readonly wire: Wire
  /** The longest message, and the longest answer, without its line end. */
  readonly messageLimitBytes: number
  /** How many messages of a client may be unanswered; then no more are read from it. */
  readonly clientOutstandingMax: number
  /** How many messages may be unanswered on a connection to a backend; further ones wait. */
  readonly outstandingMax: number
  /** Connections to a backend, for plain text and for JSON-RPC each. */
  readonly backendConnectionsMax: number
  /** From a message being sent to its answer. */
  readonly messageTimeoutMs: number
  /** For a peer to take anything of what waits for it. */
  readonly writeTimeoutMs: number
  /** How long an idle connection to a backend is kept. */
  readonly reuseTimeoutMs: number
  /** Messages are safe to repeat: one whose backend died is given to another. Words always are. */
  readonly resend: boolean
  /** Log each client, message and answer. */
  readonly activity: boolean
}

export const linesDefaults: LinesOptions = {
  wire: 'lines',
  messageLimitBytes: 65_536,
  clientOutstandingMax: 1_024,
  outstandingMax: 128,
  backendConnectionsMax: 8,
  messageTimeoutMs: 60_000,
  writeTimeoutMs: 30_000,
  reuseTimeoutMs: 60_000,
  resend: false,
  activity: false,
}

/** The most of each; the least is 1. */
const mosts = {
  messageLimitBytes: lineLimitMostBytes,
  // Answers are kept in order in an array that is shifted.
  clientOutstandingMax: 10_000,
  // Ids on a connection to a backend have room for so many at a time.
  outstandingMax: 10_000,
  backendConnectionsMax: 10_000,
}

const never = Number.POSITIVE_INFINITY

/**
 * All options, from those given; one that is undefined is not given.
 *
 * @throws RangeError for a limit that lets nothing through, or an unknown wire.
 */
export function completeLinesOptions(given: Partial<LinesOptions> = {}): LinesOptions {
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  const options: LinesOptions = { ...linesDefaults, ...Object.fromEntries(set) }
  const { messageTimeoutMs, resend, reuseTimeoutMs, wire, writeTimeoutMs } = options
  for (const [name, most] of Object.entries(mosts)) {
    const value = options[name as keyof typeof mosts]
    if (value >= 1 && value <= most) continue
    throw new RangeError(`${name} is ${value}: 1 to ${most} wanted`)
  }
  if (!wires.includes(wire)) {
    throw new RangeError(`wire is '${wire}': one of ${wires.join(', ')} wanted`)
  }
  return {
    ...options,
    resend: resend || wire === 'original',
    messageTimeoutMs: messageTimeoutMs || never,
    reuseTimeoutMs: reuseTimeoutMs || never,
    writeTimeoutMs: Math.min(writeTimeoutMs, longestTimerMs),
  }
}
