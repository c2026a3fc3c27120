import type { PoolView } from '../pool/pool.ts'
import type { HttpView } from './http-context.ts'
import type { LinesView } from './lines-context.ts'
import type { Mode } from './settings.ts'
import type { TcpView } from './tcp.ts'

/** A read-only copy of what the proxy does and has done. */
export interface ProxyView {
  readonly address: string
  readonly mode: Mode
  readonly connections: {
    readonly active: number
    readonly total: number
    readonly refused: number
  }
  /** In mode `http`. */
  readonly http?: HttpView
  /** In mode `tcp`. */
  readonly tcp?: TcpView
  /** In mode `lines`. */
  readonly lines?: LinesView
  /** The first of `pools`. */
  readonly pool: PoolView
  /** All that routes lead to. */
  readonly pools: readonly PoolView[]
}
