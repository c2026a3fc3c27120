/**
 * Writes heads: the received lines verbatim, in order and casing, without those that end here, and
 * ours behind.
 *
 * Every function writes into `out` at `at` and returns the offset behind what it wrote, or -1 when
 * it might not fit (`headRoom` tells how much room is enough). Nothing is written by halves.
 *
 * @see RFC 9112 2.3 (the version is always our own), RFC 9110 7.6.1 (what ends at a hop)
 */
import { ONE, SLASH } from './http1-chars.ts'
import type { FieldLines } from './http1-fields.ts'
import { Framing } from './http1-framing.ts'
import { Method } from './http1-method.ts'
import { Kind } from './http1-names.ts'
import type { RequestHead } from './http1-request.ts'
import type { ResponseHead } from './http1-response.ts'
import { LEFT_OUT, STRIDE } from './http1-table.ts'
import { Form } from './http1-target.ts'

export interface RequestWriteOptions {
  /** Lines put behind the fields, each with its CRLF: Via, X-Forwarded-For, X-Forwarded-Proto. */
  block: Buffer
  /** The same, of this request alone. */
  own?: Buffer | null
  /** The peer is trusted: its Forwarded and X-Forwarded-… lines are forwarded. */
  trusted: boolean
  /**
   * Put behind the addresses of the received X-Forwarded-For, in one line; null when `block` says
   * it all.
   */
  forwardedFor: Buffer | null
  /** Write X-Forwarded-Host, unless a trusted peer did. */
  forwardedHost: boolean
  /** Sent as Host in place of the client's; null to pass that on. */
  host: Buffer | null
  /** Replaces the framing when the whole body is known, in bytes; -1 to keep it. */
  contentLength: number
  /** Ask the backend for trailers. */
  teTrailers: boolean
  /**
   * Bytes of the path that are taken off at its beginning, whole segments; X-Forwarded-Prefix tells the
   * backend.
   */
  stripBytes: number
}

export interface ResponseWriteOptions {
  /** Lines put behind the fields, each with its CRLF, or null. */
  block: Buffer | null
  /** The line `Date: …` with its CRLF, written when the backend sent none. */
  date: Buffer
  /** The body is sent in chunks. */
  chunked: boolean
  /** What Connection says; `none` writes no such line. */
  connection: 'none' | 'close' | 'keep-alive'
}

/** The end of a chunked body without trailers. */
export const lastChunk: Buffer = Buffer.from('0\r\n\r\n')

const crlf = Buffer.from('\r\n')
const versionEnd = Buffer.from(' HTTP/1.1\r\n')
const hostName = Buffer.from('Host: ')
const chunkedLine = Buffer.from('Transfer-Encoding: chunked\r\n')
const lengthName = Buffer.from('Content-Length: ')
const maxForwardsName = Buffer.from('Max-Forwards: ')
const upgradeLine = Buffer.from('Connection: upgrade\r\n')
const teLines = Buffer.from('TE: trailers\r\nConnection: TE\r\n')
const upgradeTeLines = Buffer.from('TE: trailers\r\nConnection: upgrade, TE\r\n')
const closeLine = Buffer.from('Connection: close\r\n')
const keepAliveLine = Buffer.from('Connection: keep-alive\r\n')
const forwardedForName = Buffer.from('X-Forwarded-For: ')
const forwardedHostName = Buffer.from('X-Forwarded-Host: ')
const forwardedPrefixName = Buffer.from('X-Forwarded-Prefix: ')
const comma = Buffer.from(', ')
/** Room for every line above and two numbers. */
const ownLinesBytes = 384

const FORWARDING =
  (1 << Kind.FORWARDED) |
  (1 << Kind.X_FORWARDED_FOR) |
  (1 << Kind.X_FORWARDED_HOST) |
  (1 << Kind.X_FORWARDED_PROTO) |
  (1 << Kind.X_FORWARDED_OTHER)

/** Bytes that are enough for writing this head; an upper bound. */
export function headRoom(
  head: RequestHead | ResponseHead,
  options: RequestWriteOptions | ResponseWriteOptions,
): number {
  const room = head.end + (options.block?.length ?? 0) + ownLinesBytes
  if ('date' in options) return room + options.date.length
  const host = 'hostTo' in head ? head.hostTo - head.hostFrom : 0
  const { forwardedFor, stripBytes } = options
  const own = (options.own?.length ?? 0) + (options.host?.length ?? 0)
  return room + 2 * host + stripBytes + own + (forwardedFor?.length ?? 0)
}

/** Writes a request's head for a backend; see the file's head for what is returned. */
export function writeRequestHead(
  out: Buffer,
  at: number,
  head: RequestHead,
  bytes: Buffer,
  options: RequestWriteOptions,
): number {
  if (out.length - at < headRoom(head, options)) return -1
  const { fields, line, start } = head
  const skipped = requestSkips(head, options)
  let to = at
  const { stripBytes } = options
  const ownHost = options.host !== null || line.form === Form.ABSOLUTE || head.hostFrom === -1
  if (ownHost || stripBytes > 0) {
    to = writeLine(out, at, head, bytes, stripBytes)
    if (ownHost) to = writeHost(out, to, head, bytes, options.host)
    to = copyLines(out, to, head, bytes, line.end, skipped)
  } else {
    // The request line goes out as it came, but for the version.
    to = copyLines(out, at, head, bytes, line.methodFrom, skipped)
    out[at + line.targetTo - line.methodFrom + 8] = ONE
  }
  if (options.contentLength !== -1) to = putNumber(out, to, lengthName, options.contentLength)
  else if (head.framing === Framing.CHUNKED) to = put(out, to, chunkedLine)
  else if (head.lengthRewritten) to = putNumber(out, to, lengthName, head.contentLength)
  if (head.maxForwards > 0) to = putNumber(out, to, maxForwardsName, head.maxForwards - 1)
  if (head.upgrade) to = put(out, to, options.teTrailers ? upgradeTeLines : upgradeLine)
  else if (options.teTrailers) to = put(out, to, teLines)
  to = put(out, to, options.block)
  if (options.own) to = put(out, to, options.own)
  if (options.forwardedFor !== null) to = putForwardedFor(out, to, head, bytes, options)
  if (options.forwardedHost && head.hostFrom !== -1 && !keepsHost(fields, options)) {
    to = putRange(out, to, forwardedHostName, bytes, start + head.hostFrom, start + head.hostTo)
  }
  if (stripBytes > 0) {
    const path = start + line.pathFrom
    to = putRange(out, to, forwardedPrefixName, bytes, path, path + stripBytes)
  }
  return put(out, to, crlf)
}

/** Writes a response's head for a client; see the file's head for what is returned. */
export function writeResponseHead(
  out: Buffer,
  at: number,
  head: ResponseHead,
  bytes: Buffer,
  options: ResponseWriteOptions,
): number {
  if (out.length - at < headRoom(head, options)) return -1
  const { start, status } = head
  const bodyless = status < 200 || status === 204
  const chunked = options.chunked && !bodyless
  let to = at
  let from = 0
  if (head.reasonFrom === 12) {
    // RFC 9112 4: the space before an empty reason is sent.
    to = copyRange(out, to, bytes, start, start + 12)
    out[to++] = 0x20
    from = 12
  }
  const skipped = chunked ? 1 << Kind.CONTENT_LENGTH : 0
  to = copyLines(out, to, head, bytes, from, skipped)
  out[at + 7] = ONE
  if (chunked) to = put(out, to, chunkedLine)
  else if (head.lengthRewritten && !bodyless)
    to = putNumber(out, to, lengthName, head.contentLength)
  if (!head.hasDate && status >= 200) to = put(out, to, options.date)
  if (status === 101) to = put(out, to, upgradeLine)
  else if (options.connection === 'close') to = put(out, to, closeLine)
  else if (options.connection === 'keep-alive') to = put(out, to, keepAliveLine)
  if (options.block !== null) to = put(out, to, options.block)
  return put(out, to, crlf)
}

/** Writes the size line of a chunk; -1 without 16 bytes of room. */
export function writeChunkHead(out: Buffer, at: number, size: number): number {
  if (out.length - at < 16) return -1
  const to = at + out.write(size.toString(16), at, 'latin1')
  return put(out, to, crlf)
}

/**
 * Writes the last chunk, and `trailers` (lines with their CRLF) behind it; -1 when they do not fit.
 */
export function writeLastChunk(out: Buffer, at: number, trailers: Buffer | null): number {
  if (out.length - at < lastChunk.length + (trailers?.length ?? 0)) return -1
  if (trailers === null) return put(out, at, lastChunk)
  const to = put(out, copyRange(out, at, lastChunk, 0, 3), trailers)
  return put(out, to, crlf)
}

// Kinds that are forwarded by default but not this time, as bits.
function requestSkips(head: RequestHead, options: RequestWriteOptions): number {
  let skipped = options.trusted ? 0 : FORWARDING
  if (options.forwardedFor !== null) skipped |= 1 << Kind.X_FORWARDED_FOR
  if (options.host !== null) skipped |= 1 << Kind.HOST
  if (options.contentLength !== -1) skipped |= 1 << Kind.CONTENT_LENGTH
  if (head.maxForwards > 0) skipped |= 1 << Kind.MAX_FORWARDS
  return skipped
}

function keepsHost(fields: FieldLines, options: RequestWriteOptions): boolean {
  return options.trusted && fields.has(Kind.X_FORWARDED_HOST)
}

// RFC 9112 3.2.1 and 3.2.4: origin-form, or `*` for an OPTIONS whose URI has no path.
function writeLine(
  out: Buffer,
  at: number,
  head: RequestHead,
  bytes: Buffer,
  stripBytes: number,
): number {
  const { line, start } = head
  let to = copyRange(out, at, bytes, start + line.methodFrom, start + line.targetFrom)
  let from = start + line.pathFrom + stripBytes
  // What begins with '//' names another host, where a backend makes a Location of it.
  if (stripBytes > 0) while (bytes[from] === SLASH && bytes[from + 1] === SLASH) from++
  if (bytes[from] !== SLASH && (line.form === Form.ABSOLUTE || stripBytes > 0)) {
    const asterisk = line.pathFrom === line.targetTo && line.method === Method.OPTIONS
    out[to++] = asterisk ? 0x2a : SLASH
  }
  to = copyRange(out, to, bytes, from, start + line.targetTo)
  return put(out, to, versionEnd)
}

// Without a host (HTTP/1.0) the value is empty, as RFC 9112 3.2 asks of a client that has none to
// give.
function writeHost(
  out: Buffer,
  at: number,
  head: RequestHead,
  bytes: Buffer,
  host: Buffer | null,
): number {
  let to = put(out, at, hostName)
  if (host !== null) to = put(out, to, host)
  else to = copyRange(out, to, bytes, head.start + head.hostFrom, head.start + head.hostTo)
  return put(out, to, crlf)
}

function putForwardedFor(
  out: Buffer,
  at: number,
  head: RequestHead,
  bytes: Buffer,
  options: RequestWriteOptions,
): number {
  const { fields, start } = head
  let to = put(out, at, forwardedForName)
  let line = options.trusted ? fields.find(Kind.X_FORWARDED_FOR) : -1
  while (line !== -1) {
    const from = start + fields.valueFrom(line)
    const end = start + fields.valueTo(line)
    if (end > from) to = put(out, copyRange(out, to, bytes, from, end), comma)
    line = fields.find(Kind.X_FORWARDED_FOR, line + 1)
  }
  return put(out, put(out, to, options.forwardedFor!), crlf)
}

// Copies the forwarded lines from offset `from` up to the empty line, in as few runs as can be.
// `skipped` are kinds left out besides the marked lines, as bits.
function copyLines(
  out: Buffer,
  at: number,
  head: RequestHead | ResponseHead,
  bytes: Buffer,
  from: number,
  skipped: number,
): number {
  const { fields, start } = head
  const { table, count } = fields
  let to = at
  let run = from
  for (let index = 0; index < count; index++) {
    const kind = table[index * STRIDE + 4]!
    if (kind < LEFT_OUT && ((1 << kind) & skipped) === 0) continue
    to = copyRange(out, to, bytes, start + run, start + table[index * STRIDE]!)
    run = fields.lineStart(index + 1)
  }
  return copyRange(out, to, bytes, start + run, start + head.end - 2)
}

function copyRange(out: Buffer, at: number, bytes: Buffer, from: number, to: number): number {
  if (to <= from) return at
  bytes.copy(out, at, from, to)
  return at + to - from
}

function put(out: Buffer, at: number, text: Buffer): number {
  text.copy(out, at)
  return at + text.length
}

// A whole line, with its CRLF.
function putRange(
  out: Buffer,
  at: number,
  name: Buffer,
  bytes: Buffer,
  from: number,
  to: number,
): number {
  return put(out, copyRange(out, put(out, at, name), bytes, from, to), crlf)
}

function putNumber(out: Buffer, at: number, name: Buffer, value: number): number {
  const to = put(out, at, name)
  return put(out, to + out.write(String(value), to, 'latin1'), crlf)
}
