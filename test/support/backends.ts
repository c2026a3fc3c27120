import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'

/** A server that leaves each connection to `serve` until the test ends; on a free port unless one is given. */
export async function backend(
  t: TestContext,
  serve: (socket: Socket) => void,
  port = 0,
): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    serve(socket)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return portOf(server)
}

/** Says `name` to everyone who connects, and finishes. */
export function greeter(t: TestContext, name: string, port = 0): Promise<number> {
  return backend(t, (socket) => socket.resume().end(name), port)
}

/** Says everything back. */
export function echo(t: TestContext): Promise<number> {
  return backend(t, (socket) => socket.pipe(socket))
}

/** A port that refuses connections. */
export async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

/** A port that answers no handshake: its queue is full, and its thread sleeps for ever. */
export async function blackHole(t: TestContext): Promise<number> {
  const worker = new Worker(sleeper, { eval: true })
  t.after(() => worker.terminate())
  const [port] = (await once(worker, 'message')) as [number]
  // A backlog of 1 holds two connections; Linux drops the handshakes of further ones.
  for (let i = 0; i < 2; i++) {
    const filler = connect(port, '127.0.0.1').on('error', () => {})
    t.after(() => filler.destroy())
    await once(filler, 'connect')
  }
  return port
}

const sleeper = `
  const { parentPort } = require('node:worker_threads')
  const server = require('node:net').createServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
  })
`

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
