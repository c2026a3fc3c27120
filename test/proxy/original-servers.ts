import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { backend } from '../support/backends.ts'
import { drain, open, type Proxied, type ProxiedOptions, proxied } from '../support/proxied.ts'

/** What a server of the original system does with the word it got. */
export type Serve = (word: string, socket: Socket) => void

/** A server that takes what it reads first on a connection for the word, as the original does. */
export interface OriginalServer {
  readonly port: number
  /** The word of each connection, in their order. */
  readonly words: string[]
  /** Those that are open. */
  readonly sockets: Set<Socket>
}

export async function originalServer(t: TestContext, serve: Serve): Promise<OriginalServer> {
  const words: string[] = []
  const sockets = new Set<Socket>()
  const port = await backend(t, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('end', () => socket.end())
    socket.once('data', (bytes) => {
      words.push(String(bytes))
      serve(String(bytes), socket)
    })
  })
  return { port, words, sockets }
}

/** Answers with a dict that has the name of the server and the word in it. */
export const answering =
  (name: string): Serve =>
  (word, socket) =>
    void socket.write(dict(name, word))

/** Takes the word, and says nothing. */
export const silent: Serve = () => {}

export const dict = (name: string, word: string): string => `{'${name}': '${word}'}`

export interface Original extends Proxied {
  readonly servers: readonly OriginalServer[]
  client(): Socket
  /** All that a client hears that says `texts`, each in a segment of its own, and ends its side. */
  hear(...texts: readonly string[]): Promise<string>
}

/** A proxy with the wire of the original, in front of servers that do this. */
export async function original(
  t: TestContext,
  serves: readonly Serve[],
  { lines, ...options }: ProxiedOptions = {},
): Promise<Original> {
  const servers = await Promise.all(serves.map((serve) => originalServer(t, serve)))
  const made = await proxied(
    t,
    servers.map(({ port }) => port),
    { mode: 'lines', lines: { wire: 'original', ...lines }, ...options },
  )
  const client = (): Socket => {
    const socket = open(made.proxy.address)
    t.after(() => socket.destroy())
    return socket
  }
  const hear = async (...texts: readonly string[]): Promise<string> => {
    const socket = client()
    const heard = drain(socket)
    for (const text of texts) await new Promise((resolve) => socket.write(text, resolve))
    socket.end()
    return (await heard).text
  }
  return { ...made, servers, client, hear }
}
