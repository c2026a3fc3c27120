/** A peer of a client of tasks: it adds, and breaks its connections off where it is told to. */
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import type { Address } from '../../src/base/address.ts'

/** How a connection ends: after so many bytes of answers; by a reset, or in order. */
export interface Cut {
  readonly afterBytes: number
  readonly how: 'reset' | 'end'
}

export interface Adder {
  readonly address: Address
  readonly connections: number
  /** How often each task came, by its two numbers. */
  readonly came: ReadonlyMap<string, number>
  /** Says to each request what comes instead of its answer; undefined: its answer. */
  instead: (line: string, socket: Socket) => string | undefined
  close(): Promise<void>
}

/** Adds. The first connections end as `cuts` say, in turn; later ones stay. */
export async function adder(t: TestContext, cuts: readonly Cut[] = [], port = 0): Promise<Adder> {
  const sockets = new Set<Socket>()
  const came = new Map<string, number>()
  let connections = 0
  const server = createServer((socket) => {
    const cut = cuts[connections++]
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)))
    let saidBytes = 0
    createInterface(socket).on('line', (line) => {
      const { id, params } = JSON.parse(line) as { id: number; params: [string, string] }
      const key = params.join(' ')
      came.set(key, (came.get(key) ?? 0) + 1)
      const value = String(BigInt(params[0]) + BigInt(params[1]))
      const answer = JSON.stringify({ jsonrpc: '2.0', id, result: { value, worker: 'adder' } })
      const text = Buffer.from(made.instead(line, socket) ?? `${answer}\n`)
      const room = cut === undefined ? text.length : cut.afterBytes - saidBytes
      if (socket.destroyed || !socket.writable) return
      socket.write(text.subarray(0, Math.max(room, 0)))
      saidBytes += text.length
      if (room > text.length || cut === undefined) return
      if (cut.how === 'end') socket.end(() => socket.destroy())
      else socket.resetAndDestroy()
    })
  })
  const close = async (): Promise<void> => {
    if (!server.listening) return
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  t.after(close)
  const made: Adder = {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    came,
    close,
    instead: (_line: string, _socket: Socket): string | undefined => undefined,
    get connections() {
      return connections
    },
  }
  return made
}
