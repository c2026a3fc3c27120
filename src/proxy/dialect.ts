import type { IdPlace, LinesKind, LinesMessage } from './lines-message.ts'
import type { LinesRefusal } from './lines-peer.ts'

/** What one client speaks: cuts what it sends into messages, and writes their answers in their order. */
export interface Dialect {
  /** What its messages are that are no JSON-RPC. */
  readonly plainKind: Exclude<LinesKind, 'json'>
  /** Messages that are not over, or whose answers wait for those before them. */
  readonly outstanding: number
  /** Bytes of both. */
  readonly heldBytes: number
  /** Whether the client has said that it leaves, or what nothing can be understood after. */
  readonly isOver: boolean
  /** What comes from the client, by reference. */
  push(bytes: Buffer): void
  /** Begins the next message. @param hasEnded nothing will be pushed any more @returns whether there was one. */
  take(hasEnded: boolean): boolean
  /** Writes an answer: at once, or after those to what came before. @param place of the id, for JSON-RPC. */
  answer(message: LinesMessage, line: Buffer, place: IdPlace | undefined): void
  /** Writes an error in the place of an answer. */
  refuse(message: LinesMessage, refusal: LinesRefusal): void
  /** A message is over. */
  ended(message: LinesMessage): void
  /** Writes what is said behind the last answer. */
  goodbye(): void
}
