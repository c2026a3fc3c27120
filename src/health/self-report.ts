/** What a backend may say of itself in its answer to a probe. */
export interface SelfReport {
  /** How busy it is, from 0; 1 and above is too busy for any more work. */
  readonly load?: number
  /** It will take no more work. */
  readonly isDraining?: boolean
  /** What makes no sense, and why; for people. */
  readonly ignored?: string
}

export interface Answer {
  /** Of `x-piloti-load`. */
  readonly header?: string | undefined
  readonly type: string
  readonly body: string
  /** False when `body` was cut. */
  readonly isWhole: boolean
}

const json = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i
const decimal = /^-?\d+(?:\.\d+)?$/

/**
 * Reads `x-piloti-load`, and `load` and `draining` of a JSON body. The header goes before the body.
 * Whatever else a body holds is nobody's business here.
 */
export function readSelfReport({ header, type, body, isWhole }: Answer): SelfReport {
  const ignored: string[] = []
  const said = json.test(type) && body !== '' ? membersOf(body, isWhole, ignored) : {}
  const load = header === undefined ? said.load : headerLoad(header)
  const report: { -readonly [K in keyof SelfReport]: SelfReport[K] } = {}
  if (typeof load === 'number' && Number.isFinite(load)) report.load = Math.max(0, load)
  else if (load !== undefined) ignored.push(`load is ${shown(load)}: a number from 0 wanted`)
  if (typeof said.draining === 'boolean') report.isDraining = said.draining
  else if (said.draining !== undefined) {
    ignored.push(`draining is ${shown(said.draining)}: true or false wanted`)
  }
  if (ignored.length > 0) report.ignored = ignored.join('; ')
  return report
}

function headerLoad(header: string): unknown {
  return decimal.test(header) ? Number(header) : header
}

function membersOf(
  body: string,
  isWhole: boolean,
  ignored: string[],
): { readonly load?: unknown; readonly draining?: unknown } {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    ignored.push(isWhole ? 'the body is not JSON' : 'the body is too long')
    return {}
  }
}

const shownMax = 40

function shown(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : jsonOf(value)
  return text.length > shownMax ? `${text.slice(0, shownMax)}…` : text
}

/** What could be read may be nested too deep to be written. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return 'nested too deep'
  }
}
