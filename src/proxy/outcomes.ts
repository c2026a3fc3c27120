import type { RelayEnd } from '../net/relay.ts'
import type { Outcome } from '../pool/lease.ts'

/** What the end of a relay says of the backend. */
export const outcomeOf: Readonly<Record<RelayEnd, Outcome>> = {
  finished: 'ok',
  idle: 'ok',
  forced: 'aborted',
  client: 'aborted',
  backend: 'failed',
}
