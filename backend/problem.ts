/** Everything a backend may answer instead of π, and with which status. */
const problems = {
  BAD_DIGITS: { status: 400, title: 'Not a number of digits' },
  BAD_FORMAT: { status: 400, title: 'Not a form of answer' },
  BAD_REQUEST: { status: 400, title: 'Bad request' },
  NOT_FOUND: { status: 404, title: 'Nothing here' },
  BAD_METHOD: { status: 405, title: 'Not that method' },
  FAILED: { status: 500, title: 'Failed' },
  INJECTED: { status: 500, title: 'Failed on purpose' },
  BUSY: { status: 503, title: 'Too busy' },
} as const

export type ProblemCode = keyof typeof problems

/** An answer that is an error; its message says what was found and what is wanted, for the client. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly status: number
  readonly title: string
  /** Header fields that the answer must carry. */
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ProblemCode, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.name = 'Problem'
    this.code = code
    this.status = problems[code].status
    this.title = problems[code].title
    this.headers = headers
  }
}

const quoteLimit = 40

/** `text` for a message: on one line, visible and not long. Escaping is up to the form of the answer. */
export function quote(text: string): string {
  const characters = [...text]
  const start = characters.slice(0, quoteLimit).join('')
  const visible = start.replace(/[\p{C}\p{Z}'\\]/gu, (c) => (c === ' ' ? c : escapeOne(c)))
  return characters.length > quoteLimit ? `'${visible}…'` : `'${visible}'`
}

const escapeOne = (c: string): string => `\\u{${c.codePointAt(0)!.toString(16)}}`
