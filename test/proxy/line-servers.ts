import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Address } from '../../src/base/address.ts'
import { wasAborted } from '../../src/net/abort.ts'
import { backend, deadPort } from '../support/backends.ts'
import { open, type Proxied, type ProxiedOptions, proxied } from '../support/proxied.ts'

/** Says a line on the connection that a line came over. */
export type Say = (line: string | Buffer) => void

export type Answer = (line: string, say: Say, socket: Socket) => void

/** A line that came, and how to answer it. */
export interface Got {
  readonly line: string
  readonly socket: Socket
  say(line: string | Buffer): void
}

/** A server of lines, wherever it listens. */
export class LineServer {
  port = 0
  /** All lines that came. */
  readonly got: Got[] = []
  readonly sockets: Set<Socket> = new Set()
  /** How many connections there were. */
  accepted = 0
  readonly #answer: Answer

  constructor(answer: Answer) {
    this.#answer = answer
  }

  serve(socket: Socket): void {
    this.accepted++
    this.sockets.add(socket)
    socket.on('close', () => this.sockets.delete(socket)).on('end', () => socket.end())
    const say: Say = (line) => void socket.write(Buffer.concat([Buffer.from(line), feed]))
    eachLine(socket, (line) => {
      this.got.push({ line, socket, say })
      this.#answer(line, say, socket)
    })
  }

  /** Breaks all its connections off. */
  kill(): void {
    for (const socket of this.sockets) socket.destroy()
  }
}

/** A server that leaves each line to `answer`, until the test ends. */
export async function lineServer(t: TestContext, answer: Answer): Promise<LineServer> {
  const server = new LineServer(answer)
  server.port = await backend(t, (socket) => server.serve(socket))
  return server
}

/** A port that nobody listens at, as a server. */
export async function deadServer(): Promise<LineServer> {
  const server = new LineServer(keeping)
  server.port = await deadPort()
  return server
}

const feed = Buffer.from('\n')

/** Calls with each whole line. */
export function eachLine(socket: Socket, take: (line: string) => void): void {
  let rest = ''
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    for (const line of lines) take(line)
  })
}

/** Text `x` is answered with `name x`; a JSON-RPC call with its method, its parameters and the name. */
export function answering(name: string): Answer {
  return (line, say) => {
    const answer = answerOf(line, name)
    if (answer !== undefined) say(answer)
  }
}

export function answerOf(line: string, name: string): string | undefined {
  if (!line.startsWith('{')) return `${name} ${line}`
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) return undefined
  return JSON.stringify({ jsonrpc: '2.0', id, result: { method, params, name } })
}

/** Keeps every line to be answered by the test. */
export const keeping: Answer = () => {}

/** A call, as a line without its end. */
export function call(id: unknown, method: string, ...params: readonly unknown[]): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params })
}

/** A client that reads lines. */
export class LineClient {
  readonly socket: Socket
  /** Lines that came and were not taken. */
  readonly lines: string[] = []
  /** How its connection ends. */
  readonly ended: Promise<'fin' | 'reset'>
  #wake: (() => void) | undefined

  constructor(address: Address) {
    this.socket = open(address)
    this.ended = new Promise((resolve) => {
      this.socket.on('end', () => {
        resolve(wasAborted(this.socket) ? 'reset' : 'fin')
        this.#wake?.()
      })
      this.socket.on('close', () => {
        resolve('reset')
        this.#wake?.()
      })
    })
    eachLine(this.socket, (line) => {
      this.lines.push(line)
      this.#wake?.()
    })
  }

  /** Sends lines, each with its end. */
  send(...lines: readonly string[]): void {
    this.socket.write(lines.map((line) => `${line}\n`).join(''))
  }

  /** The next `count` lines. @throws Error when the connection ends before. */
  async take(count: number): Promise<string[]> {
    while (this.lines.length < count) {
      if (this.socket.closed || this.socket.readableEnded) {
        throw new Error(`ended after ${this.lines.length} of ${count} lines: ${this.lines}`)
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    return this.lines.splice(0, count)
  }

  /** Sends lines, and waits for as many. */
  ask(...lines: readonly string[]): Promise<string[]> {
    this.send(...lines)
    return this.take(lines.length)
  }
}

export interface Lined extends Proxied {
  readonly servers: readonly LineServer[]
  /** A client of the proxy, gone when the test ends. */
  client(): LineClient
}

/** A proxy in mode lines in front of servers that answer so. */
export async function lined(
  t: TestContext,
  answers: readonly Answer[],
  options: ProxiedOptions = {},
): Promise<Lined> {
  const servers = await Promise.all(answers.map((answer) => lineServer(t, answer)))
  return fronting(t, servers, options)
}

/** A proxy in mode lines in front of these servers. */
export async function fronting(
  t: TestContext,
  servers: readonly LineServer[],
  options: ProxiedOptions = {},
): Promise<Lined> {
  const ports = servers.map(({ port }) => port)
  const made = await proxied(t, ports, { mode: 'lines', ...options })
  const client = (): LineClient => {
    const opened = new LineClient(made.proxy.address)
    t.after(() => opened.socket.destroy())
    return opened
  }
  return { ...made, servers, client }
}

/** The parts of an error line of JSON-RPC. */
export function errorOf(line: string): { id: unknown; code: number; message: string; why: string } {
  const { id, error } = JSON.parse(line)
  return { id, code: error.code, message: error.message, why: error.data.code }
}
