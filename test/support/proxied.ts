import { EventEmitter, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Address } from '../../src/base/address.ts'
import type { Log } from '../../src/base/log.ts'
import { wasAborted } from '../../src/net/abort.ts'
import type { PoolOptions } from '../../src/pool/options.ts'
import { Pool } from '../../src/pool/pool.ts'
import { createProxy, type Proxy, type ProxyOptions } from '../../src/proxy.ts'
import { createStrategy } from '../../src/strategies/index.ts'
import { backend } from './backends.ts'

/** One line of a log: its level, its event, its sentence and its fields. */
export interface Line {
  readonly level: string
  readonly event: string
  readonly sentence: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Proxied {
  readonly proxy: Proxy
  readonly pool: Pool
  readonly lines: readonly Line[]
  /** The lines of one event. */
  told(event: string): readonly Line[]
}

export type ProxiedOptions = Partial<Omit<ProxyOptions, 'pool'>> & {
  readonly strategy?: string
  readonly poolOptions?: PoolOptions
}

/** A proxy in mode tcp, unless told otherwise, for these ports or addresses; closed when the test ends. */
export async function proxied(
  t: TestContext,
  backends: readonly (number | Address)[],
  options: ProxiedOptions = {},
): Promise<Proxied> {
  const { strategy = 'round-robin', poolOptions, ...rest } = options
  const specs = backends.map((where) => ({
    address: typeof where === 'number' ? { host: '127.0.0.1', port: where } : where,
  }))
  const lines: Line[] = []
  const log = recorder(lines)
  const pool = new Pool(specs, createStrategy(strategy), poolOptions)
  const proxy = await createProxy({ mode: 'tcp', log, ...rest, pool })
  t.after(() => proxy.close(0))
  return { proxy, pool, lines, told: (event) => lines.filter((line) => line.event === event) }
}

function recorder(lines: Line[]): Log {
  const to =
    (level: string): Log['info'] =>
    (event, sentence, fields = {}) =>
      lines.push({ level, event, sentence, fields })
  return { debug: to('debug'), info: to('info'), warn: to('warn'), error: to('error') }
}

/** What `count` clients hear one after the other through a proxy for these ports. */
export async function hear(
  t: TestContext,
  ports: readonly number[],
  count: number,
): Promise<string[]> {
  const { proxy } = await proxied(t, ports)
  const heard: string[] = []
  for (let i = 0; i < count; i++) heard.push((await drain(open(proxy.address))).text)
  return heard
}

/** A connection to `address` that stays open for writing when the other side has ended. */
export function open(address: Address): Socket {
  return connect({ ...address, allowHalfOpen: true, noDelay: true }).on('error', () => {})
}

/** What came until the end, and whether that was a clean one. */
export interface Drained {
  readonly text: string
  readonly bytes: number
  readonly ending: 'fin' | 'reset'
}

/** Reads `socket` to its end. */
export function drain(socket: Socket): Promise<Drained> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const finish = (ending: Drained['ending']): void => {
      const all = Buffer.concat(chunks)
      resolve({ text: all.toString(), bytes: all.length, ending })
    }
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('end', () => finish(wasAborted(socket) ? 'reset' : 'fin'))
    socket.on('close', () => finish('reset'))
    if (socket.destroyed) finish('reset')
    socket.resume()
  })
}

/** Waits until `socket` is closed, in whatever way. */
export async function closed(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.on('close', resolve))
}

/** Reads `count` bytes from `socket`, and leaves the rest. */
export async function take(socket: Socket, count: number): Promise<string> {
  while (socket.readableLength < count) await once(socket, 'readable')
  return count === 0 ? '' : String(socket.read(count))
}

/** Waits, asking again and again, until `isSo`; the time limit of the test is the limit. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}

/** Both ends of a connection through the proxy. */
export interface Wire {
  readonly client: Socket
  readonly server: Socket
}

/** A proxy with one backend; `connect` gives both ends of a new connection. */
export async function wired(
  t: TestContext,
  options: ProxiedOptions = {},
): Promise<Proxied & { connect(): Promise<Wire> }> {
  const accepted = new EventEmitter()
  const port = await backend(t, (socket) => accepted.emit('socket', socket))
  const all = await proxied(t, [port], options)
  const connectBoth = async (): Promise<Wire> => {
    const server = once(accepted, 'socket') as Promise<[Socket]>
    const client = open(all.proxy.address)
    t.after(() => client.destroy())
    await once(client, 'connect')
    return { client, server: (await server)[0] }
  }
  return { ...all, connect: connectBoth }
}
