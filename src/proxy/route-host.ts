/** Hosts as routes see them: without port and casing, and without the dot that ends an absolute name. */
import { COLON, lowered } from '../codecs/http1-chars.ts'

const OPEN = 0x5b
const CLOSE = 0x5d
const DOT = 0x2e

/** A host a route is for. */
export interface HostPattern {
  /** In lower case; begins with the dot when it is for what lies below. */
  readonly text: Uint8Array
  readonly isWildcard: boolean
}

/** Where the host that begins at `from` ends, without its port and its last dot. */
export function hostEnd(bytes: Uint8Array, from: number, to: number): number {
  let i = from
  if (bytes[from] === OPEN) {
    while (i < to && bytes[i] !== CLOSE) i++
    return Math.min(i + 1, to)
  }
  while (i < to && bytes[i] !== COLON) i++
  return i - from > 1 && bytes[i - 1] === DOT ? i - 1 : i
}

/** Says whether the host in `from` … `to` fits. */
export function fitsHost(
  { text, isWildcard }: HostPattern,
  bytes: Uint8Array,
  from: number,
  to: number,
): boolean {
  const more = to - from - text.length
  if (isWildcard ? more <= 0 : more !== 0) return false
  for (let i = 0; i < text.length; i++) {
    if (lowered(bytes[from + more + i]!) !== text[i]) return false
  }
  return true
}

/** An IPv6 address in its one short form, in brackets, as `fitsHost` wants it. */
export function shortLiteral(bytes: Buffer, from: number, to: number): Buffer {
  const text = bytes.toString('latin1', from, to)
  return Buffer.from(canonical(text) ?? text)
}

/**
 * Reads `example.org`, `*.example.org`, `10.0.0.1`, `::1` or `[::1]`.
 *
 * @throws RangeError for anything else, as a host with a port.
 */
export function hostPattern(host: string): HostPattern {
  const literal = host.includes('::') || host.split(':').length > 2 ? canonical(host) : undefined
  if (literal !== undefined) return { text: Buffer.from(literal), isWildcard: false }
  const isWildcard = host.startsWith('*.')
  const name = host.slice(isWildcard ? 2 : 0).replace(/\.$/, '')
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(name)) {
    const wanted = 'a name, an address or *.NAME, without a port, wanted'
    throw new RangeError(`route host '${host}': ${wanted}`)
  }
  return { text: Buffer.from(`${isWildcard ? '.' : ''}${name.toLowerCase()}`), isWildcard }
}

function canonical(address: string): string | undefined {
  const bare = address.replace(/^\[(.*)\]$/, '$1')
  return URL.canParse(`http://[${bare}]`) ? new URL(`http://[${bare}]`).hostname : undefined
}
