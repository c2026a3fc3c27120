import type { ErrorCode } from '../base/errors.ts'
import type { LinesContext } from './lines-context.ts'
import type { IdPlace, LinesKind, LinesMessage } from './lines-message.ts'
import type { Destination } from './routes.ts'

/** Why a message gets an error in the place of its answer. */
export interface LinesRefusal {
  readonly code: ErrorCode
  readonly message: string
  /** The number of JSON-RPC, when it is not that of a server's error. */
  readonly jsonCode?: number | undefined
}

/** A client, as its messages and those who look after all clients know it. */
export interface LinesPeer {
  slot: number
  /** Whether it is in line to be woken. */
  isDue: boolean
  readonly isGone: boolean
  readonly context: LinesContext
  /** Where its messages go from now on. */
  readonly destination: Destination
  /** What the strategy picks by there. */
  readonly key: string
  /** What its messages are that are no JSON-RPC. */
  readonly plainKind: Exclude<LinesKind, 'json'>
  /** Its host, without a port. Empty for a Unix socket. */
  readonly address: string
  /** What people call it. */
  readonly name: string
  /** Messages that wait for a backend, or for room on its connections. */
  readonly waiting: Set<LinesMessage>
  /** Gives it an answer. @param place of the id, for JSON-RPC. */
  answer(message: LinesMessage, line: Buffer, place: IdPlace | undefined): void
  /** Gives it an error in the place of an answer. */
  refuse(message: LinesMessage, refusal: LinesRefusal): void
  /** A message is over. */
  ended(message: LinesMessage): void
  /** Goes on after what it had to wait for. */
  wake(): void
  /** Takes no more messages; ends when those it has sent are answered. */
  drain(): void
  abort(): void
}
