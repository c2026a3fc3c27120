// usage: node fast-proxy.mjs PORT BACKEND_PORT. With undici, its faster way.
import http from 'node:http'
import createProxy from 'fast-proxy'

const [port, backendPort] = process.argv.slice(2).map(Number)
const { proxy } = createProxy({ base: `http://127.0.0.1:${backendPort}`, undici: true })
const server = http.createServer((request, response) => proxy(request, response, request.url, {}))
server.listen(port, '127.0.0.1', 4096)
