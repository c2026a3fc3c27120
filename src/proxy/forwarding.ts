import type { Socket } from 'node:net'

/** What a mode does with the connections the listener accepts. */
export interface Forwarding {
  /** Takes a connection over. Never throws; the socket has its error listener. */
  serve(client: Socket): void
  /** How many connections are being served. */
  readonly active: number
  /** What the mode counts besides. */
  view(): object
  /** Lets go of what waits for more work, so that only work under way holds up an end. */
  drain(): void
  /** Breaks off everything that is still being served. */
  abort(): void
}
