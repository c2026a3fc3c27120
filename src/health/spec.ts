import { PilotiError } from '../base/errors.ts'
import { suggest } from '../base/suggest.ts'
import { httpProbe } from './http.ts'
import { probeLines } from './lines.ts'
import type { Probe } from './probe.ts'
import { probeTcp } from './tcp.ts'

/** How a backend is asked whether it is well. What is not given is as in `healthDefaults`. */
export interface HealthSpec {
  readonly kind: 'tcp' | 'http' | 'lines'
  readonly path?: string
  readonly method?: 'GET' | 'HEAD' | 'OPTIONS'
  /** The Host field; the backend's address by default. */
  readonly host?: string
  /** The statuses that are well, both included. */
  readonly status?: { readonly from: number; readonly to: number }
  /** What the first 64 KiB of the body must contain. */
  readonly body?: string
  /** From one probe of a backend to its next, give or take a tenth. */
  readonly intervalMs?: number
  /** For the whole of a probe. */
  readonly timeoutMs?: number
  /** So many good probes in a row bring a backend back. */
  readonly rise?: number
  /** So many bad ones in a row take it out. */
  readonly fall?: number
}

export const healthDefaults: Required<Omit<HealthSpec, 'host' | 'body'>> = {
  kind: 'tcp',
  path: '/',
  method: 'GET',
  status: { from: 200, to: 399 },
  intervalMs: 2_000,
  timeoutMs: 1_000,
  rise: 2,
  fall: 3,
}

const kinds = 'tcp, http:/PATH, lines, off'
/** What may stand in a request line, without `#`: that part of an address is never sent. */
const sendable = /^\/[!-"$-~]*$/
const fieldValue = /^[!-~]+$/

/**
 * Reads `tcp`, `http:/PATH`, `lines` or `off`.
 *
 * @throws PilotiError HEALTH when the text is none of these.
 */
export function parseHealth(text: string): HealthSpec | 'off' {
  if (text === 'off') return text
  if (text === 'tcp' || text === 'lines') return { kind: text }
  const [, slashes, path] = /^http:(\/*)(.*)$/s.exec(text) ?? []
  if (slashes === undefined || path === undefined) {
    const nearest = suggest(text, ['tcp', 'http', 'lines', 'off'])
    const hint = nearest === 'http' ? 'http:/PATH' : nearest
    fail(`unknown health check '${text}': one of ${kinds}`, hint)
  }
  if (slashes === '') fail(`'${text}' names no path: write http:/PATH`, path && `http:/${path}`)
  if (slashes.length > 1) {
    const hint = `http:/${path.replace(/^[^/]*\/?/, '')}`
    fail(`'${text}' names a host: each backend is asked at its own address`, hint)
  }
  if (!sendable.test(`/${path}`)) fail(`'${text}' has characters that a path must have encoded`)
  return { kind: 'http', path: `/${path}` }
}

function fail(problem: string, hint = ''): never {
  throw new PilotiError('HEALTH', hint === '' ? problem : `${problem} (did you mean ${hint}?)`)
}

/**
 * The probe that `spec` describes.
 *
 * @throws RangeError for what cannot be asked.
 */
export function createProbe(spec: HealthSpec): Probe {
  if (spec.kind === 'tcp') return probeTcp
  if (spec.kind === 'lines') return probeLines
  const check = { ...healthDefaults, ...spec }
  const { path, host, status } = check
  if (!sendable.test(path)) throw new RangeError(`path is '${path}': /PATH in ASCII wanted`)
  if (host !== undefined && !fieldValue.test(host)) {
    throw new RangeError(`host is '${host}': a name, or NAME:PORT, wanted`)
  }
  if (!(status.from <= status.to)) {
    throw new RangeError(`status is ${status.from} to ${status.to}: the lower one first wanted`)
  }
  return httpProbe(check)
}
