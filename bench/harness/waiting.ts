import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A backend that waits more than it computes; how it does, can be changed while it runs. */
export interface Waiting {
  readonly port: number
  /** How long it waits before it answers. */
  waitMs: number
  status: number
  /** Requests it has got. */
  count: number
  close(): void
}

export async function waiting(waitMs: number): Promise<Waiting> {
  const server = createServer((_request, response) => {
    const { status, waitMs } = self
    self.count++
    setTimeout(() => response.writeHead(status).end('done'), waitMs)
  })
  // Longer than any proxy keeps a connection.
  server.keepAliveTimeout = 120_000
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const close = (): void => {
    server.closeAllConnections()
    server.close()
  }
  const { port } = server.address() as AddressInfo
  const self: Waiting = { port, waitMs, status: 200, count: 0, close }
  return self
}
