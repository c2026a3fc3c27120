import { z } from 'zod'
import type { BalancerView, ListenerView } from '../balancer.ts'
import { type ErrorCode, errorKinds } from '../base/errors.ts'
import type { HistogramView } from '../base/histogram.ts'
import type { AnswersView } from '../pool/answers.ts'
import type { PoolView } from '../pool/pool.ts'
import type { BackendView } from '../pool/view.ts'

/** The forms of what is answered. The compiler holds them to the views, a test to what is sent. */

const count = z.number().min(0)
const codes = Object.keys(errorKinds) as ErrorCode[]
const byCode = z.partialRecord(z.enum(codes), count)

const histogram: z.ZodType<HistogramView> = z
  .strictObject({
    count,
    ...{ sumMs: count, p50Ms: count, p90Ms: count, p99Ms: count, maxMs: count },
  })
  .describe('since the start, exact to 12.5 %')

const answers: z.ZodType<AnswersView> = z
  .strictObject({ '1xx': count, '2xx': count, '3xx': count, '4xx': count, '5xx': count })
  .describe('answers to clients, by class of status')

const health = z.enum(['up', 'down', 'ejected', 'trial', 'overloaded', 'draining', 'unknown'])

const backendShape = {
  id: z.string().describe('its address'),
  weight: count.describe('what strategies see now: less while it warms up or is loaded'),
  fullWeight: count.describe('what it was given'),
  maxConnections: count.describe('0 is no limit'),
  health,
  reason: z.string().describe('why it gets no work; empty while it is up'),
  forMs: z.number().describe('how long its health has been what it is'),
  load: count.describe('how busy it says it is'),
  active: count.describe('requests or connections under way'),
  leases: count.describe('work it was given'),
  ok: count,
  failed: count,
  aborted: count,
  errors: count.describe('answers that were errors'),
  answers,
  ejections: count,
  sentBytes: count,
  receivedBytes: count,
  averageResponseTimeMs: count.describe('moving'),
  responseTimes: histogram,
}

export const backendView: z.ZodType<BackendView> = z.strictObject(backendShape)

/** A backend, and which pool it is of. */
export type PlacedView = BackendView & { readonly pool: string }
export const placedView: z.ZodType<PlacedView> = z.strictObject({
  pool: z.string(),
  ...backendShape,
})

export const poolView: z.ZodType<PoolView> = z.strictObject({
  strategy: z.string(),
  queued: count.describe('work in line for a backend that is not full'),
  queuedTotal: count,
  requests: z.strictObject({ times: histogram, own: answers }),
  isFailOpen: z.boolean().describe('no backend is up, so all are tried'),
  failOpenLeases: count,
  backends: z.array(backendView),
})

export const listenerView: z.ZodType<ListenerView> = z.strictObject({
  address: z.string(),
  mode: z.enum(['http', 'tcp', 'lines']),
  connections: z.strictObject({ active: count, total: count, refused: count }),
  http: z
    .strictObject({
      ...{ requests: count, active: count, aborted: count, retries: count, desyncs: count },
      answers: byCode.describe("piloti's own, by error code"),
      unrouted: answers,
      idleConnections: count,
    })
    .exactOptional(),
  tcp: z.strictObject({ retries: count, errors: byCode }).exactOptional(),
  lines: z
    .strictObject({
      ...{ messages: count, active: count, answers: count, aborted: count, retries: count },
      late: count.describe('answers that nobody waited for'),
      desyncs: count.describe('times a backend sent what is no answer'),
      errors: byCode,
      backendConnections: count,
    })
    .exactOptional(),
})

export const listenersView: z.ZodType<BalancerView['listeners']> = z.record(
  z.string(),
  listenerView,
)
export const poolsView: z.ZodType<BalancerView['pools']> = z.record(z.string(), poolView)

export interface StatusView extends BalancerView {
  readonly pid: number
}

export const statusView: z.ZodType<StatusView> = z.strictObject({
  pid: z.number(),
  listeners: listenersView,
  pools: poolsView,
})

export interface VersionView {
  readonly version: string
  readonly node: string
  readonly pid: number
  readonly uptimeMs: number
}

export const versionView: z.ZodType<VersionView> = z.strictObject({
  version: z.string(),
  node: z.string(),
  pid: z.number(),
  uptimeMs: count,
})

export interface ProblemView {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
}

export const problemView: z.ZodType<ProblemView> = z.strictObject({
  code: z.enum(codes).describe('docs/reference/errors.md'),
  message: z.string().describe('what is wrong'),
  hint: z.string().describe('what to do now'),
})
