import type { Address } from '../base/address.ts'
import type { Report } from '../pool/report.ts'

/** What a probe found out. */
export interface Finding extends Report {
  /** What the backend said of itself that makes no sense, and so was not taken into the report. */
  readonly ignored?: string
}

/**
 * Asks one backend whether it is well. Never throws or rejects: no answer is an answer.
 *
 * @returns undefined when it could not ask, which says nothing of the backend: piloti itself is out of
 *   sockets, or `signal` was aborted.
 */
export type Probe = (
  address: Address,
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<Finding | undefined>
