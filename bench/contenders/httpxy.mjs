// usage: node httpxy.mjs PORT BACKEND_PORT. Its own agent keeps connections; an ample one is given all the same.
import http from 'node:http'
import { createProxyServer } from 'httpxy'

const [port, backendPort] = process.argv.slice(2).map(Number)
const proxy = createProxyServer({
  target: { host: '127.0.0.1', port: backendPort },
  agent: new http.Agent({ keepAlive: true }),
  xfwd: true,
})
const server = http.createServer((request, response) => {
  proxy.web(request, response).catch((error) => {
    console.error(error)
    response.destroy()
  })
})
server.listen(port, '127.0.0.1', 4096)
