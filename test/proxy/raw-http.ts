import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Address } from '../../src/base/address.ts'
import { backend } from '../support/backends.ts'
import { type Proxied, type ProxiedOptions, proxied, until } from '../support/proxied.ts'

/** How the other side left: not yet, with a clean end, or by breaking off. */
export type Ending = 'open' | 'fin' | 'reset'

/** One end of a connection, and every byte that came in there, one character a byte. */
export class RawEnd {
  readonly socket: Socket
  text = ''
  ending: Ending = 'open'
  isClosed = false
  #isBroken = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk) => {
      this.text += chunk.toString('latin1')
    })
    socket.on('error', () => {
      this.#isBroken = true
    })
    socket.on('end', () => {
      if (this.ending === 'open') this.ending = 'fin'
    })
    socket.on('close', () => {
      this.isClosed = true
      if (this.#isBroken || this.ending === 'open') this.ending = 'reset'
    })
  }

  send(text: string): void {
    this.socket.write(text, 'latin1')
  }

  /** Sends pieces with a turn of the event loop between them, so that they are read one by one. */
  async sendPieces(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      this.socket.write(piece)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Waits for text that matches, or for the end, and returns all that came so far. */
  async sees(pattern: RegExp | string): Promise<string> {
    const isIn = (): boolean =>
      typeof pattern === 'string' ? this.text.includes(pattern) : pattern.test(this.text)
    await until(() => isIn() || this.ending !== 'open')
    return this.text
  }

  /** Takes one whole response away; what there is of it when the connection ends before. */
  async response(method = 'GET'): Promise<string> {
    const isWhole = (): boolean => {
      const end = responseEnd(this.text, method)
      return end !== -1 && end <= this.text.length
    }
    await until(() => isWhole() || this.ending !== 'open')
    const response = isWhole() ? this.text.slice(0, responseEnd(this.text, method)) : this.text
    this.text = this.text.slice(response.length)
    return response
  }

  /** Waits for the other side to leave. */
  async left(): Promise<Ending> {
    await until(() => this.ending !== 'open')
    return this.ending
  }
}

/** A request as the backend received it, and over which of its connections. */
export interface Arrival {
  readonly text: string
  readonly connection: number
  readonly end: RawEnd
}

/** What a backend does. What is returned is sent at once. */
export interface Script {
  /** Answers a whole request; without it, `ok`. */
  readonly answer?: (arrival: Arrival) => string | undefined
  /** Says something as soon as the head is there. */
  readonly atHead?: (arrival: Arrival) => string | undefined
}

/** A byte-level backend that records what it receives. */
export interface RawBackend {
  readonly port: number
  /** Whole requests, in the order they became whole. */
  readonly arrivals: readonly Arrival[]
  readonly ends: readonly RawEnd[]
}

export const date: string = 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n'
/** What a backend answers that is told nothing else. */
export const ok: string = `HTTP/1.1 200 OK\r\n${date}Content-Length: 2\r\n\r\nok`
const probe = 'GET /probe HTTP/1.1\r\nHost: a.test\r\n\r\n'

export async function rawBackend(t: TestContext, script: Script = {}): Promise<RawBackend> {
  const arrivals: Arrival[] = []
  const ends: RawEnd[] = []
  const port = await backend(t, (socket) => {
    const end = new RawEnd(socket)
    const connection = ends.push(end) - 1
    let from = 0
    let needed = 0
    let isHeadSeen = false
    const say = (text: string | undefined): void => {
      if (text !== undefined) end.send(text)
    }
    const cut = (): void => {
      if (end.text.length < needed) return
      const rest = end.text.slice(from)
      if (!isHeadSeen && rest.includes('\r\n\r\n')) {
        isHeadSeen = true
        say(script.atHead?.({ text: rest, connection, end }))
      }
      const length = requestEnd(rest)
      needed = from + length
      if (length === -1 || end.text.length < needed) return
      const arrival = { text: rest.slice(0, length), connection, end }
      from += length
      isHeadSeen = false
      arrivals.push(arrival)
      const isPlain = script.answer === undefined || arrival.text.startsWith('GET /probe ')
      say(isPlain ? ok : script.answer?.(arrival))
      cut()
    }
    socket.on('data', cut)
  })
  return { port, arrivals, ends }
}

export interface Rig extends Proxied {
  readonly backend: RawBackend
  connect(): Promise<RawEnd>
}

/** A proxy that calls itself `lb`, before one raw backend. */
export async function rig(
  t: TestContext,
  script: Script = {},
  options: ProxiedOptions = {},
): Promise<Rig> {
  const one = await rawBackend(t, script)
  const http = { pseudonym: 'lb', ...options.http }
  const all = await proxied(t, [one.port], { mode: 'http', ...options, http })
  return { ...all, backend: one, connect: () => rawClient(t, all.proxy.address) }
}

export async function rawClient(t: TestContext, address: Address): Promise<RawEnd> {
  const socket = connect({ ...address, allowHalfOpen: true, noDelay: true })
  const end = new RawEnd(socket)
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return end
}

/** What became of one message. */
export interface Seen {
  /** The final response, byte for byte; what there was of it when the connection broke. */
  readonly answer: string
  readonly status: number
  /** How the client's connection ended; `open` when it served another request. */
  readonly client: Ending
  /** What the backend got as whole requests. */
  readonly received: readonly string[]
  /** Whether the next request came over the same connection to the backend. */
  readonly isReused: boolean
}

/** Sends `bytes`, then another request to see which connections are still there. */
export async function exchange(
  { backend: { arrivals, ends }, connect: open }: Rig,
  bytes: string | readonly Buffer[],
): Promise<Seen> {
  const before = arrivals.length
  const client = await open()
  if (typeof bytes === 'string') client.send(bytes)
  else await client.sendPieces(bytes)
  const first = typeof bytes === 'string' ? bytes : Buffer.concat(bytes).toString('latin1')
  const answer = await client.response(first.slice(0, first.indexOf(' ')))
  const got = arrivals.slice(before)
  const connections = ends.length
  const asked = await ask(client)
  if (!asked) await ask(await open())
  const reached = arrivals.at(-1)
  return {
    answer,
    status: Number(answer.slice(9, 12)),
    client: asked ? 'open' : client.ending,
    received: got.map(({ text }) => text),
    isReused: connections > 0 && reached?.connection === connections - 1,
  }
}

async function ask(client: RawEnd): Promise<boolean> {
  client.send(probe)
  const answer = await client.response()
  if (answer !== '' && answer !== ok) throw new Error(`the next request got ${answer}`)
  return answer === ok
}

/** The lines a proxy adds to a request of an untrusted client. */
export function added(host = 'a.test', minor = 1): string {
  const lines = `Via: 1.${minor} lb\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n`
  return host === '' ? lines : `${lines}X-Forwarded-Host: ${host}\r\n`
}

// Where the first message ends, perhaps further on; -1 when that is not known yet. These know only the plain
// forms that tests send and that the proxy writes.
function requestEnd(text: string): number {
  const head = text.indexOf('\r\n\r\n') + 4
  if (head === 3) return -1
  return bodyEnd(text, head, () => head)
}

function responseEnd(text: string, method: string): number {
  const head = text.indexOf('\r\n\r\n') + 4
  if (head === 3) return -1
  if (method === 'HEAD' || /^HTTP\/1\.. (1|204|304)/.test(text)) return head
  return bodyEnd(text, head, () => -1)
}

function bodyEnd(text: string, head: number, without: () => number): number {
  const fields = text.slice(0, head)
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(fields)
  if (/\r\ntransfer-encoding: chunked\r\n/i.test(fields)) {
    const last = /(?:^|\r\n)0\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(text.slice(head))
    return last === null ? -1 : head + last.index + last[0].length
  }
  if (length === null) return without()
  return head + Number(length[1])
}
