import { type ErrorCode, errorKinds, PilotiError } from '../base/errors.ts'

export interface ProblemAnswer {
  readonly status: number
  readonly body: { readonly code: ErrorCode; readonly message: string }
}

/** What is answered when a request cannot be done. */
export function answerOf(error: unknown): ProblemAnswer {
  if (error instanceof PilotiError) {
    const { code, message } = error
    // What an operator got wrong has no status in the table: no client of a proxy ever sees it.
    return { status: errorKinds[code].status || 422, body: { code, message } }
  }
  // What Fastify itself refuses, such as JSON that is none, has a status; a RangeError is a number that cannot be.
  const fallback = error instanceof RangeError ? 422 : 500
  const { statusCode: status = fallback, message } = error as Error & { statusCode?: number }
  return { status, body: { code: status < 500 ? 'ADMIN_ORDER' : 'ADMIN_FAILED', message } }
}
