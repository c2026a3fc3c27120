// The peer: http-proxy as its manual shows it, with a keep-alive agent. A worker, because some requests end it.
import http from 'node:http'
import { parentPort } from 'node:worker_threads'
import httpProxy from 'http-proxy'

parentPort.on('message', ({ backendPort, xfwd }) => {
  const agent = new http.Agent({ keepAlive: true })
  const proxy = httpProxy.createProxyServer({
    target: { host: '127.0.0.1', port: backendPort },
    agent,
    xfwd,
  })
  proxy.on('error', (_error, _request, response) => {
    if (response.headersSent !== false) response.destroy()
    else response.writeHead(502, { 'content-type': 'text/plain' }).end('bad gateway\n')
  })
  const server = http.createServer((request, response) => proxy.web(request, response))
  server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head))
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
})
