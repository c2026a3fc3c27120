import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http'
import net, { type AddressInfo } from 'node:net'

/** What Node's own parser (llhttp) makes of a message. */
export interface Seen {
  readonly start: string
  /** Names and values by turns. */
  readonly fields: string[]
  readonly body: string
}

export interface SeenAll {
  readonly messages: Seen[]
  /** What ended the connection early: the code of an error, or UPGRADE; '' for nothing. */
  readonly error: string
}

const last = 'GET /last HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n'

/** A node:http server that tells how it cuts the bytes of a connection into requests. */
export class RequestCutter {
  readonly #server: Server
  readonly #seen = new Map<number, { messages: Seen[]; error: string }>()
  #port = 0

  constructor() {
    this.#server = createServer({ maxHeaderSize: 65_536 }, async (req, res) => {
      const seen = { start: `${req.method} ${req.url}`, fields: req.rawHeaders, body: '' }
      this.#seen.get(req.socket.remotePort!)?.messages.push(seen)
      seen.body = await read(req)
      res.end()
    })
    this.#server.maxHeadersCount = 0
    this.#server.on('upgrade', (req, socket) => {
      const seen = this.#seen.get(req.socket.remotePort!)
      seen?.messages.push({ start: `${req.method} ${req.url}`, fields: req.rawHeaders, body: '' })
      if (seen !== undefined) seen.error = 'UPGRADE'
      socket.destroy()
    })
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket: net.Socket) => {
      const seen = this.#seen.get(socket.remotePort!)
      if (seen !== undefined) seen.error = error.code ?? error.message
      socket.destroy()
    })
  }

  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = (this.#server.address() as AddressInfo).port
  }

  /** Sends `text` and a last request behind it, and tells what came before the last one. */
  async cut(text: string): Promise<SeenAll> {
    const socket = net.connect(this.#port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    const seen = { messages: [] as Seen[], error: '' }
    this.#seen.set(socket.localPort!, seen)
    const port = socket.localPort!
    socket.resume()
    socket.write(text + last, 'latin1')
    await once(socket, 'close')
    this.#seen.delete(port)
    if (seen.error !== '') return seen
    const final = seen.messages.pop()
    return final?.start === 'GET /last' ? seen : { ...seen, error: 'the last request was not seen' }
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

/** A node:http client that tells how it cuts a response. */
export class ResponseCutter {
  readonly #server: net.Server
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #answer = ''

  constructor() {
    const after = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast'
    this.#server = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (data) => {
        const isLast = data.includes('/last')
        if (isLast) socket.write(after)
        else socket.write(this.#answer, 'latin1')
      })
    })
  }

  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
  }

  /** Reads `text` as a response, and one more on the same connection. */
  async cut(text: string, method: 'GET' | 'HEAD'): Promise<SeenAll> {
    this.#answer = text
    try {
      const seen = await this.#ask('/', method)
      const next = await this.#ask('/last', 'GET')
      const same = next.body === 'last' && next.port === seen.port
      return { messages: [seen], error: same ? '' : 'the connection did not stay' }
    } catch (error) {
      return { messages: [], error: (error as NodeJS.ErrnoException).code ?? String(error) }
    }
  }

  close(): void {
    this.#agent.destroy()
    this.#server.close()
  }

  async #ask(path: string, method: string): Promise<Seen & { port: number }> {
    const { port } = this.#server.address() as AddressInfo
    const req = request({
      host: '127.0.0.1',
      port,
      path,
      method,
      agent: this.#agent,
      timeout: 2_000,
    })
    req.on('timeout', () => req.destroy(new Error('the response did not end')))
    req.end()
    const [res] = (await once(req, 'response')) as [IncomingMessage]
    const local = res.socket.localPort!
    const body = await read(res)
    return { start: String(res.statusCode), fields: res.rawHeaders, body, port: local }
  }
}

async function read(message: IncomingMessage): Promise<string> {
  let body = ''
  message.setEncoding('latin1')
  for await (const piece of message) body += piece
  return body
}
