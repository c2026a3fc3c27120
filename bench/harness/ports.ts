import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

const FIRST_PORT = 20_000
const PORT_COUNT = 10_000

/** A port nobody listens on, below those the kernel hands to outgoing connections. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT)
    const server = createServer().listen(port, '127.0.0.1')
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    server.close()
    if (free) return port
  }
  throw new Error('cannot find a free port in 100 tries')
}

/** Resolves once `port` accepts, or when `signal` ends the wait. @throws Error after `timeoutMs`. */
export async function listening(
  port: number,
  signal: AbortSignal,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!signal.aborted && Date.now() < deadline) {
    if (await accepts(port)) return
    await wait(50)
  }
  if (!signal.aborted) throw new Error(`nobody listens on port ${port} after ${timeoutMs} ms`)
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
