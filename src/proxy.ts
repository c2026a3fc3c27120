import { createServer } from 'node:net'
import { type Address, formatAddress } from './base/address.ts'
import { type Log, silent } from './base/log.ts'
import { listen } from './net/listen.ts'
import type { Pool, PoolView } from './pool/pool.ts'
import { announce } from './proxy/announce.ts'
import { checkQuantities } from './proxy/check.ts'
import { closeGracefully } from './proxy/close.ts'
import { forwardHttp } from './proxy/http.ts'
import type { HttpView } from './proxy/http-context.ts'
import { completeHttpOptions, type HttpOptions, httpDefaults } from './proxy/http-options.ts'
import { forwardTcp } from './proxy/tcp.ts'

export { type HttpOptions, type HttpView, httpDefaults }

/** What is balanced: the requests of HTTP/1.1, or whole connections. */
export type Mode = 'http' | 'tcp'

export interface ProxyOptions {
  readonly pool: Pool
  readonly mode?: Mode
  /** Port 0 takes any free one. */
  readonly address?: Address
  /** How long a backend may take to accept; 0 is no limit of ours. */
  readonly connectTimeoutMs?: number
  /** How many more backends are tried after the first cannot be connected to. */
  readonly retriesMax?: number
  /** How long a connection of mode `tcp` may be silent in both directions; 0 is no limit. */
  readonly idleTimeoutMs?: number
  /** Times, limits and manners of mode `http`; the defaults are `httpDefaults`. */
  readonly http?: Partial<HttpOptions>
  /** How many clients may be connected at a time; further ones are closed at once. 0 is no limit. */
  readonly connectionsMax?: number
  readonly log?: Log
}

/** A read-only copy of what the proxy does and has done. */
export interface ProxyView {
  readonly address: string
  readonly mode: Mode
  readonly connections: {
    readonly active: number
    readonly total: number
    readonly refused: number
  }
  /** In mode `http`. */
  readonly http?: HttpView
  readonly pool: PoolView
}

export interface Proxy {
  /** Where it listens. */
  readonly address: Address
  view(): ProxyView
  /**
   * Stops accepting, waits for the work under way, and breaks off what is left after the grace.
   *
   * @returns how many connections were broken off.
   */
  close(graceMs?: number): Promise<number>
}

/**
 * Listens, and forwards what clients send to backends of `pool`.
 *
 * @throws PilotiError LISTEN, ADDRESS for what `trust` holds; RangeError for an option out of range.
 */
export async function createProxy(options: ProxyOptions): Promise<Proxy> {
  const {
    pool,
    mode = 'http',
    address = { host: '127.0.0.1', port: 0 },
    connectTimeoutMs = 3_000,
    retriesMax = 2,
    idleTimeoutMs = 600_000,
    connectionsMax = 10_000,
    log = silent,
  } = options
  checkQuantities({ ...options, ...options.http })
  const dialling = { connectTimeoutMs: connectTimeoutMs || never, retriesMax }
  const forwarding =
    mode === 'tcp'
      ? forwardTcp(pool, log, { ...dialling, idleTimeoutMs: idleTimeoutMs || never })
      : forwardHttp(pool, log, { ...completeHttpOptions(options.http), ...dialling })
  const connections = { total: 0, refused: 0 }
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: mode === 'tcp' })
  server.maxConnections = connectionsMax || never // What Node makes of 0 depends on its version.
  server.on('connection', (client) => {
    client.on('error', ignore)
    connections.total++
    forwarding.serve(client)
  })
  server.on('drop', () => {
    connections.refused++
    // Once: under a flood a line for each would be a second flood.
    if (connections.refused === 1) log.warn('connection_limit', limitText(connectionsMax))
  })
  const bound = await listen(server, address)
  server.on('error', (error) => log.error('accept', `cannot accept: ${error.message}`))
  const silence = announce(pool, log)
  const where = formatAddress(bound)
  log.info('listening', `listening on ${where}`, { address: where, mode })

  return {
    address: bound,
    view: () => ({
      address: where,
      mode,
      connections: { active: forwarding.active, ...connections },
      ...(mode === 'http' && { http: forwarding.view() as HttpView }),
      pool: pool.view(),
    }),
    async close(graceMs = 30_000) {
      const broken = await closeGracefully(server, forwarding, log, graceMs)
      silence()
      return broken
    },
  }
}

const ignore = (): void => {}
const never = Number.POSITIVE_INFINITY

const limitText = (max: number): string =>
  `${max} clients are connected, the most allowed: further ones are closed at once and counted`
