import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Nothing there is worth a token: it is the same for everybody. */
    isOpen?: boolean
  }
}

/** Beside this file also where it is built: the build copies it. */
const folder = new URL('page/', import.meta.url)
const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}
const headers = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cache-control': 'no-cache',
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** Serves the page at `/`, and what it is made of below `/dashboard/`: static files, read once. */
export function addAssets(app: FastifyInstance): void {
  for (const name of readdirSync(folder)) {
    const type = types[name.split('.').at(-1)!]
    if (type === undefined) continue
    const path = name === 'index.html' ? '/' : `/dashboard/${name}`
    app.get(path, { config: { isOpen: true } }, sender(type, readFileSync(new URL(name, folder))))
  }
}

function sender(
  type: string,
  body: Buffer,
): (request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`
  return (request, reply) => {
    reply.headers({ ...headers, etag })
    const isKnown = request.headers['if-none-match'] === etag
    return isKnown ? reply.code(304).send() : reply.type(type).send(body)
  }
}
