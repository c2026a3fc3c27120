import { randomBytes } from 'node:crypto'
import { matches } from '../codecs/http1-chars.ts'
import type { FieldLines } from '../codecs/http1-fields.ts'
import type { RequestHead } from '../codecs/http1-request.ts'
import { STRIDE } from '../codecs/http1-table.ts'
import type { HttpOptions } from './http-options.ts'

/** What ties a request to what others note of it. */
export interface Identity {
  /** Empty when it has none, or one that is none. */
  readonly requestId: string
  readonly traceId: string
  /** Lines for the backend, with their CRLF; null when all is as the client sent it. */
  readonly lines: Buffer | null
}

/**
 * Finds out what a request is called, and names it where that is wanted and nobody has.
 *
 * A trace that another began is passed on as it came: piloti reports no spans, and a parent that nobody has
 * reported would tear the trace apart. Fields that are replaced are marked as left out in `head`.
 *
 * @param isTrusted whether the peer's word for a request's id counts.
 * @see W3C Trace Context, "Design Overview" (forwarding), 3.2 (traceparent), 4 (processing model)
 */
export function identityOf(
  head: RequestHead,
  bytes: Buffer,
  {
    isTrusted,
    requestId,
    trace,
  }: Pick<HttpOptions, 'requestId' | 'trace'> & { isTrusted: boolean },
): Identity {
  const { fields, start } = head
  const parent = onlyValue(fields, bytes, start, 'traceparent')
  let traceId = traceIdOf(parent)
  let id = onlyValue(fields, bytes, start, 'x-request-id')
  if (!isRequestId(id)) id = ''
  let lines = ''
  if (requestId && (id === '' || !isTrusted)) {
    leaveOut(fields, bytes, start, 'x-request-id')
    id = newRequestId()
    lines = `X-Request-Id: ${id}\r\n`
  }
  if (trace === 'start' && traceId === '') {
    for (const name of ['traceparent', 'tracestate'] as const) leaveOut(fields, bytes, start, name)
    traceId = hex32() + hex32() + hex32() + hex32()
    lines += `traceparent: 00-${traceId}-${hex32()}${hex32()}-01\r\n`
  }
  return { requestId: id, traceId, lines: lines === '' ? null : Buffer.from(lines, 'latin1') }
}

/** Whether the client wants to be told why it got its backend. */
export function asksWhy({ fields, start }: RequestHead, bytes: Buffer): boolean {
  return onlyValue(fields, bytes, start, 'x-piloti-explain') === '1'
}

const names = {
  traceparent: Buffer.from('traceparent'),
  tracestate: Buffer.from('tracestate'),
  'x-request-id': Buffer.from('x-request-id'),
  'x-piloti-explain': Buffer.from('x-piloti-explain'),
} as const
type Name = keyof typeof names

/** The next line of that name from line `after` on; -1 when there is none. */
function find(fields: FieldLines, bytes: Buffer, start: number, name: Name, after = 0): number {
  const wanted = names[name]
  const { count, table } = fields
  for (let index = after; index < count; index++) {
    const from = table[index * STRIDE]!
    if (table[index * STRIDE + 1]! - from !== wanted.length) continue
    if (matches(bytes, start + from, wanted)) return index
  }
  return -1
}

/** The value of the only line of that name; empty when there is none, or more than one. */
function onlyValue(fields: FieldLines, bytes: Buffer, start: number, name: Name): string {
  const index = find(fields, bytes, start, name)
  if (index === -1 || find(fields, bytes, start, name, index + 1) !== -1) return ''
  return bytes.toString('latin1', start + fields.valueFrom(index), start + fields.valueTo(index))
}

function leaveOut(fields: FieldLines, bytes: Buffer, start: number, name: Name): void {
  let index = find(fields, bytes, start, name)
  for (; index !== -1; index = find(fields, bytes, start, name, index + 1)) fields.leaveOut(index)
}

const isRequestId = (text: string): boolean => /^[\w.:@=+/~-]{1,128}$/.test(text)

/** `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`; later versions may have more behind it. */
const parentForm =
  /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(-.*)?$/

/** Empty when it is no traceparent. */
function traceIdOf(parent: string): string {
  if (parent === '') return ''
  const [, version, id = '', more] = parentForm.exec(parent) ?? []
  return version === '00' && more !== undefined ? '' : id
}

// Unique, no secret: random for the process, and counted.
const processId = randomBytes(6).toString('hex')
let made = 0

const newRequestId = (): string => `${processId}-${(++made).toString(16).padStart(8, '0')}`

/** Eight random digits, not all of them 0. */
function hex32(): string {
  return (1 + Math.floor(Math.random() * 0xffff_ffff)).toString(16).padStart(8, '0')
}
