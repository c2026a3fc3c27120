import { type ErrorCode, errorKinds, PilotiError } from '../base/errors.ts'
import type { ProblemView } from './views.ts'

export interface ProblemAnswer {
  readonly status: number
  readonly body: ProblemView
}

/** What is answered when a request cannot be done. */
export function answerOf(error: unknown): ProblemAnswer {
  if (error instanceof PilotiError) {
    const { code, message } = error
    // What an operator got wrong has no status in the table: no client of a proxy ever sees it.
    return { status: errorKinds[code].status || 422, body: problemOf(code, message) }
  }
  // What Fastify itself refuses, such as JSON that is none, has a status; a RangeError is a number that cannot be.
  const fallback = error instanceof RangeError ? 422 : 500
  const { statusCode: status = fallback, message } = error as Error & { statusCode?: number }
  return { status, body: problemOf(status < 500 ? 'ADMIN_ORDER' : 'ADMIN_FAILED', message) }
}

const problemOf = (code: ErrorCode, message: string): ProblemView => ({
  code,
  message,
  hint: hints[code] ?? `the manual, docs/reference/errors.md, tells of ${code}`,
})

/** What to do now. */
const hints: Partial<Record<ErrorCode, string>> = {
  ADDRESS: 'GET /backends shows those that there are; an address is HOST:PORT, :PORT or unix:/PATH',
  ADMIN_BUSY: 'close one of the dashboards that are open',
  ADMIN_FAILED: 'the fault is in piloti: please report it',
  ADMIN_METHOD: 'the header Allow says which methods there are',
  ADMIN_ORDER: 'GET /openapi.json describes every order',
  ADMIN_RELOAD: 'start piloti with --config FILE, and it can be reloaded',
  ADMIN_TOKEN: 'send Authorization: Bearer TOKEN, with the token of --admin-token',
  ADMIN_TYPE: 'send Content-Type: application/json',
  ADMIN_UNKNOWN: 'GET /openapi.json lists the paths, GET /backends the pools and backends',
  CLOSED: 'it is stopping: ask the next one',
  CONFIG: 'piloti check FILE says all that is wrong with it; everything goes on as before',
  STRATEGY_FILE: 'docs/guide/writing-a-strategy.md tells what such a file must hold',
  STRATEGY_UNKNOWN: 'GET /strategies lists those that there are',
}
