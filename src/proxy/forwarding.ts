import type { Socket } from 'node:net'
import type { HttpOptions } from './http-options.ts'
import type { LinesOptions } from './lines-options.ts'
import type { Router } from './routes.ts'

/** What new work goes by. Complete and checked; a time without a limit is Infinity. */
export interface ForwardingSettings {
  readonly router: Router
  readonly connectTimeoutMs: number
  readonly retriesMax: number
  /** In the modes `tcp` and `lines`. */
  readonly idleTimeoutMs: number
  /** In mode `http`. */
  readonly http: HttpOptions
  /** In mode `lines`. */
  readonly lines: LinesOptions
}

/** What a mode does with the connections the listener accepts. */
export interface Forwarding {
  /** Takes a connection over. Never throws; the socket has its error listener. */
  serve(client: Socket): void
  /** New work goes by these from now on; what is under way keeps those it began with. */
  configure(settings: ForwardingSettings): void
  /** How many connections are being served. */
  readonly active: number
  /** What the mode counts besides. */
  view(): object
  /** Lets go of what waits for more work, so that only work under way holds up an end. */
  drain(): void
  /** Breaks off everything that is still being served. */
  abort(): void
}
