import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { Proxy } from '../../src/proxy.ts'
import { backend } from '../support/backends.ts'
import {
  type Drained,
  drain,
  open,
  type Proxied,
  type ProxiedOptions,
  proxied,
  until,
} from '../support/proxied.ts'

/** What a scripted backend got: the head of a request, and whatever else has come by then. */
export type Script = (socket: Socket, request: string, nth: number) => unknown

/** A backend that plays `script` for each request, whose head must not be split; counts connections. */
export async function scripted(
  t: TestContext,
  script: Script,
): Promise<{ port: number; connections: () => number }> {
  let connections = 0
  let nth = 0
  const port = await backend(t, (socket) => {
    connections++
    let held = ''
    socket.setEncoding('latin1').on('data', (piece) => {
      held += piece
      if (!held.includes('\r\n\r\n')) return
      const request = held
      held = ''
      script(socket, request, nth++)
    })
  })
  return { port, connections: () => connections }
}

/** A backend that is Node's own HTTP server. */
export async function nodeBackend(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

/** A backend that answers 200 with its name, once the request has come. */
export function named(t: TestContext, name: string): Promise<number> {
  return nodeBackend(t, (request, response) => {
    request.resume().on('end', () => response.setHeader('x-backend', name).end(name))
  })
}

/** A proxy in mode http for backends at these ports. */
export function fronted(
  t: TestContext,
  backends: Parameters<typeof proxied>[1],
  options: ProxiedOptions = {},
): Promise<Proxied> {
  return proxied(t, backends, { mode: 'http', ...options })
}

/** Sends `bytes` and reads to the end of the connection. */
export function say({ address }: Proxy, bytes: string | Buffer): Promise<Drained> {
  const socket = open(address)
  socket.write(bytes as Buffer, 'latin1')
  return drain(socket).finally(() => socket.destroy())
}

/** A request that ends the connection; fields as `Name: value`. */
export function get(target = '/', ...fields: readonly string[]): string {
  return request('GET', target, ...fields)
}

export function request(method: string, target: string, ...fields: readonly string[]): string {
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: h', 'Connection: close', ...fields]
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** The same on a connection that goes on. */
export function keep(head: string): string {
  return head.replace('Connection: close\r\n', '')
}

/** An answer of known length. */
export function ok(body: string, ...fields: readonly string[]): string {
  return ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n')
}

/** Reads `socket` until what has come matches, and returns it all. */
export function hearing(socket: Socket, pattern: RegExp): Promise<string> {
  let heard = ''
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      socket.off('readable', read).off('end', fail).off('close', fail)
    }
    const fail = (): void => {
      stop()
      reject(new Error(`it ended: ${heard}`))
    }
    const read = (): void => {
      for (let piece = socket.read(); piece !== null; piece = socket.read()) {
        heard += piece.toString('latin1')
      }
      if (!pattern.test(heard)) return
      stop()
      resolve(heard)
    }
    socket.on('readable', read).on('end', fail).on('close', fail)
    read()
  })
}

/** The sums over all backends. */
export function ledger({ view }: Proxy): Record<'active' | 'ok' | 'failed' | 'aborted', number> {
  const sums = { active: 0, ok: 0, failed: 0, aborted: 0 }
  for (const { active, ok, failed, aborted, leases } of view().pool.backends) {
    sums.active += active
    sums.ok += ok
    sums.failed += failed
    sums.aborted += aborted
    assert.equal(leases, ok + failed + aborted + active, 'each lease is released once')
  }
  return sums
}

/** Waits until no request and no client is left, and checks that each lease was released once. */
export async function settled(proxy: Proxy): Promise<ReturnType<typeof ledger>> {
  await until(() => proxy.view().connections.active === 0 && ledger(proxy).active === 0)
  assert.equal(proxy.view().http!.active, 0)
  return ledger(proxy)
}
