import type { HistogramView } from '../base/histogram.ts'
import type { AnswersView } from './answers.ts'
import type { Backend, Health } from './backend.ts'
import { reasonOf } from './health.ts'

/** A read-only copy of what the pool knows of one backend. Totals count from the start. */
export interface BackendView {
  readonly id: string
  /** What the strategies see now, and what it was given. */
  readonly weight: number
  readonly fullWeight: number
  /** 0 is no limit. */
  readonly maxConnections: number
  readonly health: Health
  /** Why it gets no work; empty while it is up. */
  readonly reason: string
  /** How long its health has been what it is. */
  readonly forMs: number
  /** How busy it says it is, from 0. */
  readonly load: number
  readonly active: number
  readonly leases: number
  readonly ok: number
  readonly failed: number
  readonly aborted: number
  /** Answers that were errors, also such as are not the backend's failure. */
  readonly errors: number
  /** Those that went to clients, in mode `http`. */
  readonly answers: AnswersView
  readonly ejections: number
  readonly sentBytes: number
  readonly receivedBytes: number
  /** The moving average the strategies see. */
  readonly averageResponseTimeMs: number
  readonly responseTimes: HistogramView
}

export function viewOf(backend: Backend, nowMs: number): BackendView {
  return {
    id: backend.id,
    weight: backend.weight,
    fullWeight: backend.fullWeight,
    maxConnections: backend.maxConnections,
    health: backend.health,
    reason: reasonOf(backend),
    forMs: nowMs - backend.healthSinceMs,
    load: backend.load,
    active: backend.active,
    leases: backend.leases,
    ok: backend.ok,
    failed: backend.failed,
    aborted: backend.aborted,
    errors: backend.errors,
    answers: backend.answers.view(),
    ejections: backend.ejections,
    sentBytes: backend.sentBytes,
    receivedBytes: backend.receivedBytes,
    averageResponseTimeMs: backend.responseTimeMs,
    responseTimes: backend.responseTimes.view(),
  }
}
