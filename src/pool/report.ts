/** What a probe found out about a backend. */
export interface Report {
  readonly isWell: boolean
  /** Why it is not well, for people; empty when it is. */
  readonly reason: string
  /** Whether the backend itself answered, and not just its system by accepting a connection. */
  readonly hasAnswered: boolean
  /** How busy it says it is, from 0; 1 and above is too busy for any more work. */
  readonly load?: number
  /** It says that it will take no more work. */
  readonly isDraining?: boolean
}
