import { LengthBody, type Sink } from '../../src/codecs/http1-body.ts'
import { ChunkedBody } from '../../src/codecs/http1-chunked.ts'
import { BAD, DONE, type Fault, MORE } from '../../src/codecs/http1-faults.ts'
import { Framing } from '../../src/codecs/http1-framing.ts'
import { RequestHead, type RequestHeadOptions } from '../../src/codecs/http1-request.ts'
import { ResponseHead } from '../../src/codecs/http1-response.ts'
import {
  headRoom,
  type RequestWriteOptions,
  type ResponseWriteOptions,
  writeLastChunk,
  writeRequestHead,
  writeResponseHead,
} from '../../src/codecs/http1-write.ts'

/** A message as it is forwarded, and what its head says. */
export interface Forwarded {
  readonly start: string
  readonly head: string
  /** The body as sent, coding included. */
  readonly body: string
  readonly facts: Facts
}

export type Facts = Readonly<Record<string, string | number | boolean>>

export interface Outcome {
  readonly messages: Forwarded[]
  readonly fault: Fault | null
  /** In the middle of a message when the bytes ended. */
  readonly unfinished: boolean
}

/** Sends the bytes on as they were read, adding nothing. */
export const plainRequest: RequestWriteOptions = {
  block: Buffer.alloc(0),
  trusted: false,
  forwardedFor: null,
  forwardedHost: false,
  host: null,
  contentLength: -1,
  teTrailers: false,
  stripBytes: 0,
}

export interface RequestFeed extends RequestHeadOptions {
  readonly write?: Partial<RequestWriteOptions>
  readonly body?: 'keep' | 'strip'
}

export interface ResponseFeed {
  readonly toHead?: boolean
  readonly body?: 'keep' | 'strip'
  readonly write?: Partial<ResponseWriteOptions>
}

/** Reads and forwards requests that arrive in `pieces`, as a connection would. */
export function forwardRequests(pieces: readonly Buffer[], feed: RequestFeed = {}): Outcome {
  const head = new RequestHead(feed)
  const options = { ...plainRequest, ...feed.write }
  return forward(pieces, {
    head,
    reset: () => head.reset(),
    body: feed.body ?? 'keep',
    facts: () => requestFacts(head),
    write: (out, bytes) => writeRequestHead(out, 0, head, bytes, options),
    room: () => headRoom(head, options),
  })
}

/** Reads and forwards responses that arrive in `pieces`. */
export function forwardResponses(pieces: readonly Buffer[], feed: ResponseFeed = {}): Outcome {
  const head = new ResponseHead()
  const options = (): ResponseWriteOptions => ({
    block: null,
    date: Buffer.alloc(0),
    chunked: head.coded && feed.body !== 'strip',
    connection: 'none',
    ...feed.write,
  })
  return forward(pieces, {
    head,
    reset: () => head.reset(feed.toHead === true ? 'HEAD' : 'other'),
    body: feed.body ?? 'keep',
    facts: () => responseFacts(head),
    write: (out, bytes) => writeResponseHead(out, 0, head, bytes, options()),
    room: () => headRoom(head, options()),
  })
}

interface Reader {
  readonly head: RequestHead | ResponseHead
  readonly body: 'keep' | 'strip'
  reset(): void
  facts(): Facts
  write(out: Buffer, bytes: Buffer): number
  room(): number
}

function forward(pieces: readonly Buffer[], reader: Reader): Outcome {
  const messages: Forwarded[] = []
  const { head } = reader
  const length = new LengthBody()
  const chunked = new ChunkedBody()
  let held = Buffer.alloc(0)
  let body: LengthBody | ChunkedBody | 'close' | null = null
  let current = { start: '', head: '', body: '', facts: {} as Facts }
  const sink: Sink = {
    data(bytes, start, end) {
      if (end <= start || end > bytes.length) throw new Error(`a range of ${start} to ${end}`)
      current.body += bytes.toString('latin1', start, end)
    },
  }
  const finish = (): void => {
    messages.push(current)
    body = null
    reader.reset()
  }
  reader.reset()
  for (const piece of pieces) {
    held = Buffer.concat([held, piece])
    while (held.length > 0) {
      if (body === null) {
        // At another place each time: what a head keeps must not depend on where its bytes are.
        const start = held.length % 5
        const bytes = Buffer.alloc(start + held.length + 3, 0x0a)
        held.copy(bytes, start)
        const result = head.parse(bytes, start, start + held.length)
        if (result === BAD) return { messages, fault: head.fault, unfinished: true }
        if (result === MORE) break
        if (result !== DONE || head.end > held.length) throw new Error(`a result of ${result}`)
        current = { ...writeHead(reader, bytes), body: '', facts: reader.facts() }
        held = held.subarray(head.end)
        if (head.framing === Framing.CHUNKED) {
          chunked.begin(reader.body, head)
          body = chunked
        } else if (head.framing === Framing.LENGTH && head.contentLength > 0) {
          length.begin(head.contentLength)
          body = length
        } else if (head.framing === Framing.CLOSE) body = 'close'
        else finish()
        continue
      }
      if (body === 'close') {
        sink.data(held, 0, held.length)
        held = Buffer.alloc(0)
        break
      }
      const read: number = body.read(held, 0, held.length, sink)
      if (read < 0 || read > held.length) throw new Error(`an offset of ${read}`)
      if (body.fault !== null) return { messages, fault: body.fault, unfinished: true }
      if (!body.done && read !== held.length) throw new Error(`stopped at ${read}`)
      held = held.subarray(read)
      if (!body.done) break
      if (body === chunked && reader.body === 'keep') current.body += lastChunk(chunked)
      finish()
    }
  }
  if (body === 'close') {
    finish()
    return { messages, fault: null, unfinished: false }
  }
  return { messages, fault: null, unfinished: body !== null || held.length > 0 }
}

function writeHead(reader: Reader, bytes: Buffer): { start: string; head: string } {
  const out = Buffer.alloc(reader.room())
  const end = reader.write(out, bytes)
  if (end < 0 || end > out.length) throw new Error(`a head of ${end} bytes in ${out.length}`)
  const text = out.toString('latin1', 0, end)
  return { start: text.slice(0, text.indexOf('\r\n')), head: text }
}

function lastChunk(body: ChunkedBody): string {
  const out = Buffer.alloc(32_768)
  return out.toString('latin1', 0, writeLastChunk(out, 0, body.trailers))
}

function requestFacts(head: RequestHead): Facts {
  const { method, minor, framing, contentLength, keepAlive, idempotent, expectContinue } = head
  const { upgrade, offered, teTrailers, maxForwards } = head
  const facts = { method, minor, framing, contentLength, keepAlive, idempotent, expectContinue }
  return { ...facts, upgrade, offered, teTrailers, maxForwards, form: head.line.form }
}

function responseFacts(head: ResponseHead): Facts {
  const { status, minor, framing, contentLength, keepAlive, keepAliveTimeoutS, hasDate } = head
  const facts = { status, minor, framing, contentLength, keepAlive, keepAliveTimeoutS, hasDate }
  return { ...facts, upgrade: head.upgrade }
}

/**
 * Every way of feeding `bytes` that a test wants: whole, byte by byte, cut in two at every offset.
 */
export function* feeds(bytes: Buffer): Generator<Buffer[]> {
  yield [bytes]
  yield Array.from(bytes, (byte) => Buffer.from([byte]))
  // The whole message at each offset of a long one would take seconds and show nothing new.
  const step = Math.max(1, Math.floor(bytes.length / 512))
  for (let at = 1; at < bytes.length; at += step) yield [bytes.subarray(0, at), bytes.subarray(at)]
}

/** The bytes of a text of one-byte characters. */
export function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}
