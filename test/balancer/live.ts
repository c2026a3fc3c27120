import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { type Address, formatAddress } from '../../src/base/address.ts'

/** A backend that answers every request with its address; how, can be changed at any time. */
export interface LiveBackend {
  readonly id: string
  /** How long an answer takes, in milliseconds. */
  waitMs: number
  status: number
  /** Requests it has got. */
  count: number
  /** Open connections. */
  readonly connections: number
  /** Answers to `/held` that wait to be let go. */
  readonly held: number
  letGo(): void
}

/** Starts a backend on `host`; `port` 0 is any that is free. */
export async function liveBackend(
  t: TestContext,
  host = '127.0.0.1',
  port = 0,
): Promise<LiveBackend> {
  const held: (() => void)[] = []
  const server = createServer(async ({ url }, response) => {
    live.count++
    const { id, status, waitMs } = live
    // In two pieces, so that an answer that is cut shows.
    response.writeHead(status, { 'content-length': id.length }).write(id.slice(0, 5))
    if (url === '/held') {
      await new Promise<void>((resolve) => held.push(resolve))
    } else if (waitMs > 0) await wait(waitMs)
    response.end(id.slice(5))
  })
  let connections = 0
  server.on('connection', (socket) => {
    connections++
    socket.on('close', () => connections--)
  })
  await once(server.listen(port, host), 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const id = formatAddress({ host, port: (server.address() as { port: number }).port })
  const live: LiveBackend = {
    ...{ id, waitMs: 0, status: 200, count: 0 },
    get connections() {
      return connections
    },
    get held() {
      return held.length
    },
    letGo() {
      for (const answer of held.splice(0)) answer()
    },
  }
  return live
}

export interface Answer {
  readonly status: number
  readonly body: string
}

/** Asks for `path`, and reads the whole answer. @throws when it is cut or there is none. */
export function ask(address: Address, path: string, agent: Agent | false = false): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const where = 'path' in address ? { socketPath: address.path } : address
    get({ ...where, path, agent }, (response: IncomingMessage) => {
      let body = ''
      response.setEncoding('latin1').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode!, body }))
      response.on('error', reject)
    }).on('error', reject)
  })
}

/** What clients have seen who ask all the time. */
export interface Clients {
  /** How many answers each backend gave. */
  readonly answers: ReadonlyMap<string, number>
  /** How many answers there were. */
  readonly total: number
  /** All that went wrong. */
  readonly faults: readonly string[]
  /** Waits for answers to the requests that are under way. */
  stop(): Promise<void>
}

/** Asks all the time: `count` clients, half of which open a connection for each request. */
export function ceaseless(t: TestContext, address: Address, count: number, pauseMs = 0): Clients {
  const agent = new Agent({ keepAlive: true })
  const answers = new Map<string, number>()
  const faults: string[] = []
  let isOver = false
  const client = async (nth: number): Promise<void> => {
    while (!isOver) {
      try {
        const { status, body } = await ask(address, '/', nth % 2 === 0 && agent)
        answers.set(body, (answers.get(body) ?? 0) + 1)
        if (status !== 200) faults.push(`${status} ${body}`)
      } catch (error) {
        faults.push(String(error))
      }
      await wait(pauseMs)
    }
  }
  const clients = Array.from({ length: count }, (_, nth) => client(nth))
  const stop = async (): Promise<void> => {
    isOver = true
    await Promise.all(clients)
    agent.destroy()
  }
  t.after(stop)
  return {
    ...{ answers, faults, stop },
    get total() {
      return [...answers.values()].reduce((sum, count) => sum + count, 0)
    },
  }
}
