/**
 * piloti decides, http-proxy forwards: for programs that have to keep the package http-proxy.
 *
 *     node examples/http-proxy.ts 127.0.0.1:3001 127.0.0.1:3002      (PORT=8080)
 *
 * Each exchange holds a lease, so the strategy knows who is busy and how fast each answers, and a
 * backend that fails gets nothing for a while. Nothing is tried twice: http-proxy has used up the body
 * of the request by then. At the end (Ctrl-C) the program prints how the work of each backend ended.
 */
import { Agent, createServer, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import httpProxy from 'http-proxy'
import { createStrategy, type Lease, Pool, parseAddress } from 'piloti'

const specs = process.argv.slice(2).map((text) => ({ address: parseAddress(text) }))
const pool = new Pool(specs, createStrategy('least-response-time'))
// Idle connections end before Node's servers, which keep them for 5 s, can end them under a request.
const agent = new Agent({ keepAlive: true, timeout: 4_000 })
const proxy = httpProxy.createProxyServer({ agent, xfwd: true })

const server = createServer((request, response) => {
  const lease = pool.lease(request.socket.remoteAddress ?? '')
  if (lease === undefined) return refuse(response, 503, 'no backend may take work now')
  const startMs = performance.now()
  let failure = ''
  const fail = (error: Error): void => {
    failure ||= error.message
    refuse(response, 502, 'the backend failed')
  }
  // http-proxy pipes the backend's answer into ours. That it breaks off is not passed on by a pipe.
  response.once('pipe', (answer) => {
    lease.connected()
    lease.answered(performance.now() - startMs)
    answer.on('error', fail)
  })
  // Comes once, whatever happened before.
  response.once('close', () => {
    if (response.writableFinished && failure === '') lease.release('ok')
    else lease.release(failure === '' ? 'aborted' : 'failed', undefined, failure)
  })
  proxy.web(request, response, { target: targetOf(lease) }, fail)
})

// Without this, a backend works on for a client that has left: Node tells http-proxy nothing of that.
proxy.on('proxyReq', (outgoing, _request, response) => {
  response.once('close', () => response.writableFinished || outgoing.destroy())
})

server.on('upgrade', (request, socket: Socket, head) => {
  const lease = pool.lease(request.socket.remoteAddress ?? '')
  if (lease === undefined) return void socket.destroy()
  let failure = ''
  socket.once('pipe', () => lease.connected())
  socket.once('close', () => lease.release(failure === '' ? 'ok' : 'failed', undefined, failure))
  proxy.ws(request, socket, head, { target: targetOf(lease) }, (error) => {
    failure ||= error.message
    socket.destroy()
  })
})

function targetOf(lease: Lease): string {
  return `http://${lease.backend.id}`
}

function refuse(response: ServerResponse, status: number, why: string): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(status, { 'content-type': 'text/plain' }).end(`${why}\n`)
}

pool.onTransition(({ event, backend, reason }) => console.log(event, backend?.id, reason))
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () =>
  console.log(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}`),
)
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => server.close(() => agent.destroy()))
process.once('exit', () => console.log(JSON.stringify(pool.view().backends)))
