import type { Address } from '../base/address.ts'
import type { Report } from '../pool/report.ts'

/** Asks one backend whether it is well. Never throws or rejects: no answer is an answer. */
export type Probe = (address: Address, timeoutMs: number) => Promise<Report>
