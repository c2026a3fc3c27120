import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import Fastify from 'fastify'
import { addDashboard } from './admin/dashboard/routes.ts'
import { collectEndpoints, refuseUnknown } from './admin/endpoint.ts'
import { guardRequests } from './admin/guard.ts'
import { Maintenance } from './admin/maintenance.ts'
import type { Reloads } from './admin/metrics-process.ts'
import { answerOf } from './admin/problem.ts'
import { addRoutes, type Leveled } from './admin/routes.ts'
import type { BackendEdit, Balancer } from './balancer.ts'
import { type Address, formatAddress } from './base/address.ts'
import { PilotiError } from './base/errors.ts'
import { listen } from './net/listen.ts'

export type { Leveled, Reloads }

export interface AdminOptions {
  readonly address: Address
  /** Who has it may steer. Without one, only this machine may: a loopback address, or a Unix socket. */
  readonly token?: string
  /** Reads the configuration again. @returns what changed. Without it there is nothing to reload. */
  readonly reload?: () => Promise<readonly string[]>
  /** Writes a change into the configuration and reads it again. @returns what changed. */
  readonly persist?: (edit: BackendEdit) => Promise<readonly string[]>
  /** How reloads went, for the metrics; read at each scrape. */
  readonly reloads?: Readonly<Reloads>
  /** Of piloti, for the metrics. */
  readonly version?: string
  /** Whose level may be changed. Without it none may. */
  readonly log?: Leveled
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
  const endpoints = collectEndpoints(app)
  refuseUnknown(app, endpoints)
  const mayRunFiles = token !== undefined || 'path' in address
  const maintenance = new Maintenance()
  addRoutes(app, balancer, { ...rest, endpoints, maintenance, mayRunFiles })
  addDashboard(app, balancer, maintenance, rest)
  await app.ready()
  const bound = await listen(app.server, address)
  // Who may open it may steer.
  if ('path' in address) chmodSync(address.path, 0o600)
  return {
    address: bound,
    async close() {
      const closed = once(app.server, 'close')
      app.server.close()
      // Also those that have sent nothing: nobody who only connects may hold up the end.
      app.server.closeAllConnections()
      await closed
      await app.close()
    },
  }
}

/** Whether only this machine can reach it. */
const isOurs = (address: Address): boolean =>
  'path' in address || /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/.test(address.host)
