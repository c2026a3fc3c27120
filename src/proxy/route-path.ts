/**
 * Paths as routes see them: byte for byte, and as a server may come to read them.
 *
 * What is forwarded is never changed by this (RFC 9110 7.7). A proxy that routes on one reading while the
 * server acts on another lets requests past its routes: CVE-2025-66490, GHSA-6jwx-7vp4-9847.
 */
import { SEMICOLON, SLASH } from '../codecs/http1-chars.ts'

const PERCENT = 0x25
const DOT = 0x2e
const QUESTION = 0x3f
const BACKSLASH = 0x5c

/** Where the path that begins at `from` ends: before its query. */
export function pathEnd(bytes: Uint8Array, from: number, to: number): number {
  let i = from
  while (i < to && bytes[i] !== QUESTION) i++
  return i
}

/**
 * Says whether servers may read a path in different ways: it holds an escape, `\` or `;`, or a segment that
 * is empty or begins with a dot.
 */
export function isAmbiguous(bytes: Uint8Array, from: number, to: number): boolean {
  let before = 0
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!
    if (byte === PERCENT || byte === SEMICOLON || byte === BACKSLASH) return true
    if (before === SLASH && (byte === SLASH || byte === DOT)) return true
    before = byte
  }
  return false
}

/**
 * The path as the most forthcoming server reads it: escapes undone once, `\` taken for `/`, what stands
 * behind `;` left out, empty segments too, dots followed, and all that an escaped `?`, `#` or NUL cuts off.
 */
export function normalPath(path: string): string {
  const escape = /%([0-9a-f]{2})/gi
  const plain = path.replace(escape, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  const segments: string[] = []
  for (const segment of plain.slice(0, cutAt(plain)).split(/[/\\]/)) {
    const end = segment.indexOf(';')
    const name = end === -1 ? segment : segment.slice(0, end)
    if (name === '..') segments.pop()
    else if (name !== '' && name !== '.') segments.push(name)
  }
  return `/${segments.join('/')}`
}

/** Says whether `path` is `prefix` or lies below it. */
export function isBelow(path: string, prefix: string): boolean {
  if (!path.startsWith(prefix)) return false
  return path.length === prefix.length || path[prefix.length] === '/'
}

/**
 * The path of a route as it stands in requests: no slash at its end, what is not ASCII escaped. Empty for `/`,
 * which all paths are below.
 *
 * @throws RangeError for one that servers may read in different ways: no request could fit it safely.
 */
export function routePath(path: string): string {
  const plain = path.endsWith('/') ? path.slice(0, -1) : path
  const escaped = plain.replace(/[^\x21-\x7e]+/g, escapeAll)
  const isPlain = /^(\/(?!\.\.?(\/|$))[^/\\;?#]+)*$/.test(escaped)
  const hidden = /%(2[ef3]|3[bf]|5c|00)|%(?![0-9a-f]{2})/i
  if (path.startsWith('/') && isPlain && !hidden.test(escaped)) return escaped
  const wanted = "one that begins with '/', without '//', dot segments, '?', '#', ';' and '\\'"
  throw new RangeError(`route path '${path}': ${wanted} wanted`)
}

function cutAt(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '?' || text[i] === '#' || text[i] === '\0') return i
  }
  return text.length
}

function escapeAll(text: string): string {
  return Buffer.from(text).toString('hex').toUpperCase().replace(/../g, '%$&')
}
