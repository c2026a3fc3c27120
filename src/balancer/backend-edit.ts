/** A change of one backend that shall also stand in what describes the balancer. */
export interface BackendEdit {
  readonly what: 'add' | 'remove' | 'set'
  readonly pool: string
  /** Its address, as `formatAddress` writes it. */
  readonly backend: string
  /** Those that are not given stay. */
  readonly weight?: number | undefined
  readonly maxConnections?: number | undefined
  readonly isDraining?: boolean | undefined
}
