// usage: node http-proxy.mjs PORT BACKEND_PORT. Without the agent it opens a connection for every request.
import http from 'node:http'
import httpProxy from 'http-proxy'

const [port, backendPort] = process.argv.slice(2).map(Number)
const agent = new http.Agent({ keepAlive: true })
const proxy = httpProxy.createProxyServer({
  target: { host: '127.0.0.1', port: backendPort },
  agent,
  xfwd: true,
})
proxy.on('error', (error, _request, response) => {
  console.error(error)
  response.destroy()
})
http
  .createServer((request, response) => proxy.web(request, response))
  .listen(port, '127.0.0.1', 4096)
