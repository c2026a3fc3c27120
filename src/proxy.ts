import { createServer } from 'node:net'
import { type Address, formatAddress } from './base/address.ts'
import { type Log, silent } from './base/log.ts'
import { listen } from './net/listen.ts'
import { announce } from './pool/announce.ts'
import type { Pool } from './pool/pool.ts'
import { type AccessLog, type AccessLogOptions, createAccessLog } from './proxy/access-log.ts'
import { type Affinity, type AffinitySpec, createAffinity } from './proxy/affinity.ts'
import { abandon, closeGracefully } from './proxy/close.ts'
import { clientsMax } from './proxy/descriptors.ts'
import { forwardHttp } from './proxy/http.ts'
import type { HttpView } from './proxy/http-context.ts'
import { type HttpOptions, httpDefaults } from './proxy/http-options.ts'
import { forwardLines } from './proxy/lines.ts'
import type { LinesView } from './proxy/lines-context.ts'
import { type LinesOptions, linesDefaults } from './proxy/lines-options.ts'
import type { ProxyView } from './proxy/proxy-view.ts'
import type { Destination, Route } from './proxy/routes.ts'
import { completeSettings, type Mode, type ProxySettings } from './proxy/settings.ts'
import { forwardTcp, type TcpView } from './proxy/tcp.ts'

export type {
  AccessLog,
  AccessLogOptions,
  Affinity,
  AffinitySpec,
  Destination,
  HttpOptions,
  HttpView,
  LinesOptions,
  LinesView,
  Mode,
  ProxySettings,
  ProxyView,
  Route,
  TcpView,
}
export {
  completeSettings as checkSettings,
  createAccessLog,
  createAffinity,
  httpDefaults,
  linesDefaults,
}

/** Either `pool` or `routes` is needed. The changes of `pool` are logged; those of routes' pools are not. */
export interface ProxyOptions extends ProxySettings {
  readonly mode?: Mode
  /** Port 0 takes any free one. */
  readonly address?: Address
  readonly log?: Log
  /** Who opened it closes it. */
  readonly accessLog?: AccessLog
}

export interface Proxy {
  /** Where it listens. */
  readonly address: Address
  view(): ProxyView
  /**
   * New requests, and new connections of mode `tcp`, go by these settings; those under way keep what they began
   * with. What is not given is the default again, but for where the work goes: that stays.
   *
   * @throws as `createProxy`, and nothing has changed then.
   */
  update(settings: ProxySettings): void
  /**
   * Stops accepting, waits for the work under way, and breaks off what is left after the grace.
   *
   * @returns how many connections were broken off.
   */
  close(graceMs?: number): Promise<number>
}

/**
 * Listens, and forwards what clients send to backends.
 *
 * @throws PilotiError LISTEN, ADDRESS for what `trust` holds; RangeError for an option out of range, or for
 * another mode.
 */
export async function createProxy(options: ProxyOptions): Promise<Proxy> {
  const { mode = 'http', address = { host: '127.0.0.1', port: 0 }, log = silent } = options
  let settings = completeSettings(options, mode)
  const forwarding = forwardings[mode](log, settings, options.accessLog)
  const connections = { total: 0, refused: 0 }
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: mode === 'tcp' })
  let { connectionsMax, listeners } = options
  const limit = (): void => {
    // What Node makes of 0 depends on its version.
    server.maxConnections = clientsMax(connectionsMax, listeners ?? 1, log) || never
  }
  server.on('connection', (client) => {
    connections.total++
    forwarding.serve(client.on('error', ignore))
  })
  server.on('drop', () => {
    connections.refused++
    // Once: under a flood a line for each would be a second flood.
    if (connections.refused === 1) log.warn('connection_limit', limitText(server.maxConnections))
  })
  limit()
  const bound = await listen(server, address).catch(abandon(forwarding))
  server.on('error', (error) => log.error('accept', `cannot accept: ${error.message}`))
  let silence = announceOwn(options.pool, log)
  const where = formatAddress(bound)
  log.info('listening', `listening on ${where}`, { address: where, mode })

  return {
    address: bound,
    view() {
      const pools = settings.router.pools.map((pool) => pool.view())
      return {
        ...{ address: where, mode },
        connections: { active: forwarding.active, ...connections },
        [mode]: forwarding.view(),
        pool: pools[0]!,
        pools,
      }
    },
    update(given) {
      const next = completeSettings(given, mode, settings.router)
      forwarding.configure(next)
      const isSame = given.connectionsMax === connectionsMax && given.listeners === listeners
      ;({ connectionsMax, listeners } = given)
      if (!isSame) limit()
      if (next.router !== settings.router) {
        silence()
        silence = announceOwn(given.pool, log)
      }
      settings = next
    },
    async close(graceMs = 30_000) {
      const broken = await closeGracefully(server, forwarding, log, graceMs)
      silence()
      return broken
    },
  }
}

const forwardings = { http: forwardHttp, tcp: forwardTcp, lines: forwardLines }
const ignore = (): void => {}

/** Who gives routes may share their pools with other proxies, and hears of them itself. */
const announceOwn = (pool: Pool | undefined, log: Log): (() => void) =>
  pool === undefined ? ignore : announce(pool, log)

const limitText = (max: number): string =>
  `${max} clients are connected, the most allowed: further ones are closed at once and counted`

const never = Number.POSITIVE_INFINITY
