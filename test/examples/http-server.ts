import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { fetchText } from '../support/up.ts'

/** An HTTP server on a free port until the test ends. */
export async function httpServer(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Answers its name. */
export function named(t: TestContext, name: string): Promise<number> {
  return httpServer(t, (_request, response) => response.end(name))
}

/** The body of an answer. */
export function hear(port: number, path = '/'): Promise<string> {
  return fetchText(`127.0.0.1:${port}`, path)
}
