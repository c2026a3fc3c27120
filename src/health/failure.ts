import { systemCode } from '../base/errors.ts'
import { shortages } from '../net/dial.ts'
import type { Finding } from './probe.ts'

/** What an error of its socket says of a backend; undefined when it is not the backend's doing. */
export function failure(error: Error, hasAnswered = false): Finding | undefined {
  const code = systemCode(error)
  if (code === 'ABORT_ERR' || shortages.has(code)) return undefined
  return { isWell: false, reason: sentence(error, code), hasAnswered }
}

function sentence(error: Error, code: string): string {
  if (code.startsWith('HPE_')) return `the answer is not HTTP/1.1 (${code})`
  // A name with several addresses: one error for each, mostly the same.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error
  if (first instanceof Error && 'syscall' in first) return `${String(first.syscall)} ${code}`
  if (code === 'ECONNRESET') return 'the connection was closed before the end of the answer'
  return error.message
}

/** A name with several addresses is tried at each; Node gives up on one after 250 ms, a slow handshake. */
export function atEachAddress(timeoutMs: number): {
  readonly autoSelectFamily: true
  readonly autoSelectFamilyAttemptTimeout: number
} {
  const halfMs = Math.max(250, Math.ceil(timeoutMs / 2))
  return { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: halfMs }
}
