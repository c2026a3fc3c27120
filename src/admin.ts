import Fastify from 'fastify'
import { guardRequests } from './admin/guard.ts'
import type { Reloads } from './admin/metrics-process.ts'
import { answerOf } from './admin/problem.ts'
import { addRoutes, knownRoutes } from './admin/routes.ts'
import type { Balancer } from './balancer.ts'
import { type Address, formatAddress } from './base/address.ts'
import { PilotiError } from './base/errors.ts'
import { listen } from './net/listen.ts'

export type { Reloads }

export interface AdminOptions {
  readonly address: Address
  /** Who has it may steer. Without one, only this machine may: a loopback address, or a Unix socket. */
  readonly token?: string
  /** Reads the configuration again. @returns what changed. Without it there is nothing to reload. */
  readonly reload?: () => Promise<readonly string[]>
  /** How reloads went, for the metrics; read at each scrape. */
  readonly reloads?: Readonly<Reloads>
  /** Of piloti, for the metrics. */
  readonly version?: string
}

/** Where a balancer is looked at and steered. */
export interface Admin {
  readonly address: Address
  close(): Promise<void>
}

/**
 * Serves the view of a balancer, and takes orders for it, as JSON over HTTP.
 *
 * @throws PilotiError LISTEN, also for an address that others can reach without a token.
 */
export async function createAdmin(balancer: Balancer, options: AdminOptions): Promise<Admin> {
  const { address, token, ...rest } = options
  if (token === undefined && !isOurs(address)) {
    const where = formatAddress(address)
    throw new PilotiError('LISTEN', `cannot steer at ${where} without a token: others can reach it`)
  }
  const app = Fastify({ bodyLimit: 65_536, forceCloseConnections: true, requestTimeout: 30_000 })
  guardRequests(app, address, token)
  app.setErrorHandler((error, _request, reply) => {
    const { status, body } = answerOf(error)
    return reply.code(status).send(body)
  })
  app.setNotFoundHandler((request) => {
    const { method, url } = request
    throw new PilotiError('ADMIN_UNKNOWN', `nothing at ${method} ${url}: ${knownRoutes}`)
  })
  addRoutes(app, balancer, { ...rest, mayRunFiles: token !== undefined || 'path' in address })
  await app.ready()
  return { address: await listen(app.server, address), close: () => app.close() }
}

/** Whether only this machine can reach it. */
const isOurs = (address: Address): boolean =>
  'path' in address || /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/.test(address.host)
