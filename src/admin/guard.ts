import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Address } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'

/**
 * Lets in only who may steer.
 *
 * With a token, who has it. Without, whoever is on this machine, but no web page that a browser here has open:
 * such a page can send requests to any address, by a name of its own (DNS rebinding), but only simple ones
 * without asking, and JSON is not simple.
 */
export function guardRequests(
  app: FastifyInstance,
  address: Address,
  token: string | undefined,
): void {
  app.addHook('onRequest', async (request) => {
    if (token !== undefined) {
      if (request.routeOptions.config.isOpen) return
      const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
      if (isSame(given, token)) return
      throw new PilotiError('ADMIN_TOKEN', 'the token is missing or wrong: Authorization: Bearer …')
    }
    if ('path' in address) return
    const host = request.hostname.toLowerCase()
    if (isOwnName(host)) return
    throw new PilotiError('ADMIN_TOKEN', `Host '${host}' is not this machine: use its address`)
  })
  app.addHook('preParsing', async (request, _reply, payload) => {
    const { method } = request
    const type = request.headers['content-type'] ?? ''
    if (method === 'POST' && !/^application\/json\b/i.test(type)) {
      throw new PilotiError('ADMIN_TYPE', 'orders are JSON: Content-Type: application/json')
    }
    return payload
  })
}

/** An address is the same for everybody; of names, only this one is. */
const isOwnName = (host: string): boolean =>
  host === 'localhost' || isIP(host.replace(/^\[|\]$/g, '')) !== 0

/** Takes the same time for all that is wrong. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
