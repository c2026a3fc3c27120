import { errorKinds, PilotiError } from '../base/errors.ts'

export interface ProblemAnswer {
  readonly status: number
  readonly body: { readonly code: string; readonly message: string }
}

/** What is answered when a request cannot be done. */
export function answerOf(error: unknown): ProblemAnswer {
  if (error instanceof PilotiError) {
    const { code, message } = error
    // What an operator got wrong has no status in the table: no client of a proxy ever sees it.
    return { status: errorKinds[code].status || 422, body: { code, message } }
  }
  if (error instanceof RangeError) return bad(422, error.message)
  const { statusCode = 500, message } = error as Error & { statusCode?: number }
  return bad(statusCode, message)
}

function bad(status: number, message: string): ProblemAnswer {
  const code = status < 500 ? 'ADMIN_REQUEST' : 'ADMIN_FAILED'
  return { status, body: { code, message } }
}
