/** Whose doing an error is: it decides whom the log names and whether a backend is blamed. */
export type Side = 'client' | 'backend' | 'piloti' | 'operator'

export interface ErrorKind {
  readonly side: Side
  /** The HTTP status that a client sees; 0 where there is no HTTP client. */
  readonly status: number
  /** Whether another backend may be tried. */
  readonly retry: boolean
}

export type ErrorCode =
  | 'NO_ROUTE'
  | 'NO_BACKEND'
  | 'BACKENDS_FULL'
  | 'OUT_OF_SOCKETS'
  | 'BACKEND_CONNECT'
  | 'BACKEND_CONNECT_TIMEOUT'
  | 'BACKEND_RESET'
  | 'BACKEND_TIMEOUT'
  | 'BACKEND_FRAMING'
  | 'REQUEST_FRAMING'
  | 'REQUEST_METHOD'
  | 'REQUEST_TIMEOUT'
  | 'REQUEST_LENGTH'
  | 'REQUEST_BODY_TOO_LARGE'
  | 'REQUEST_TARGET_TOO_LONG'
  | 'REQUEST_EXPECTATION'
  | 'REQUEST_HEAD_TOO_LARGE'
  | 'REQUEST_CODING'
  | 'REQUEST_VERSION'
  | 'LOOP'
  | 'MESSAGE_FORMAT'
  | 'MESSAGE_LIMIT'
  | 'LISTEN'
  | 'ADDRESS'
  | 'CONFIG'
  | 'CLOSED'
  | 'DISCOVERY'
  | 'HEALTH'
  | 'STRATEGY_UNKNOWN'
  | 'STRATEGY_FILE'
  | 'WORKLOAD'
  | 'ACCESS_LOG'
  | 'FILE'
  | 'ADMIN_TOKEN'
  | 'ADMIN_UNKNOWN'
  | 'ADMIN_METHOD'
  | 'ADMIN_RELOAD'
  | 'ADMIN_TYPE'
  | 'ADMIN_ORDER'
  | 'ADMIN_FAILED'
  | 'ADMIN_BUSY'
  | 'ADMIN_REACH'
  | 'COMPUTE_REACH'
  | 'COMPUTE_TIMEOUT'

/** Every error piloti reports, classified once, where it happens. The manual is docs/reference/errors.md. */
export const errorKinds: Readonly<Record<ErrorCode, ErrorKind>> = {
  NO_ROUTE: { side: 'client', status: 404, retry: false },
  NO_BACKEND: { side: 'piloti', status: 503, retry: false },
  BACKENDS_FULL: { side: 'piloti', status: 503, retry: false },
  OUT_OF_SOCKETS: { side: 'piloti', status: 503, retry: false },
  BACKEND_CONNECT: { side: 'backend', status: 502, retry: true },
  BACKEND_CONNECT_TIMEOUT: { side: 'backend', status: 504, retry: true },
  BACKEND_RESET: { side: 'backend', status: 502, retry: true },
  BACKEND_TIMEOUT: { side: 'backend', status: 504, retry: false },
  BACKEND_FRAMING: { side: 'backend', status: 502, retry: false },
  REQUEST_FRAMING: { side: 'client', status: 400, retry: false },
  REQUEST_METHOD: { side: 'client', status: 405, retry: false },
  REQUEST_TIMEOUT: { side: 'client', status: 408, retry: false },
  REQUEST_LENGTH: { side: 'client', status: 411, retry: false },
  REQUEST_BODY_TOO_LARGE: { side: 'client', status: 413, retry: false },
  REQUEST_TARGET_TOO_LONG: { side: 'client', status: 414, retry: false },
  REQUEST_EXPECTATION: { side: 'client', status: 417, retry: false },
  REQUEST_HEAD_TOO_LARGE: { side: 'client', status: 431, retry: false },
  REQUEST_CODING: { side: 'client', status: 501, retry: false },
  REQUEST_VERSION: { side: 'client', status: 505, retry: false },
  LOOP: { side: 'client', status: 508, retry: false },
  MESSAGE_FORMAT: { side: 'client', status: 0, retry: false },
  MESSAGE_LIMIT: { side: 'client', status: 0, retry: false },
  LISTEN: { side: 'operator', status: 0, retry: false },
  ADDRESS: { side: 'operator', status: 0, retry: false },
  CONFIG: { side: 'operator', status: 0, retry: false },
  CLOSED: { side: 'operator', status: 409, retry: false },
  DISCOVERY: { side: 'operator', status: 0, retry: false },
  HEALTH: { side: 'operator', status: 0, retry: false },
  STRATEGY_UNKNOWN: { side: 'operator', status: 0, retry: false },
  STRATEGY_FILE: { side: 'operator', status: 0, retry: false },
  WORKLOAD: { side: 'operator', status: 0, retry: false },
  ACCESS_LOG: { side: 'operator', status: 0, retry: false },
  FILE: { side: 'operator', status: 0, retry: false },
  ADMIN_TOKEN: { side: 'operator', status: 401, retry: false },
  ADMIN_UNKNOWN: { side: 'operator', status: 404, retry: false },
  ADMIN_METHOD: { side: 'operator', status: 405, retry: false },
  ADMIN_RELOAD: { side: 'operator', status: 409, retry: false },
  ADMIN_TYPE: { side: 'operator', status: 415, retry: false },
  ADMIN_ORDER: { side: 'operator', status: 422, retry: false },
  ADMIN_FAILED: { side: 'piloti', status: 500, retry: false },
  ADMIN_BUSY: { side: 'operator', status: 503, retry: false },
  ADMIN_REACH: { side: 'operator', status: 0, retry: false },
  COMPUTE_REACH: { side: 'operator', status: 0, retry: false },
  COMPUTE_TIMEOUT: { side: 'operator', status: 0, retry: false },
}

/** An error with a code of the table; `cause` keeps what the system said. */
export class PilotiError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PilotiError'
    this.code = code
  }

  get kind(): ErrorKind {
    return errorKinds[this.code]
  }
}

/** What the system calls an error (`ECONNREFUSED`), or its message where it has no name. */
export function systemCode(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
