import type { Command } from 'commander'
import type { Balancer, BalancerSpec, ListenerSpec } from '../balancer.ts'
import { type Address, formatAddress } from '../base/address.ts'
import type { Mode } from '../proxy.ts'
import { type AccessLogFlags, accessLogOf } from './access-log-options.ts'
import type { AdminFlags } from './admin-options.ts'
import { type HttpFlags, httpFlags, httpOptionsOf } from './http-options.ts'
import { type LinesFlags, linesFlags, linesOptionsOf } from './lines-options.ts'
import type { Logger } from './logger.ts'
import type { ServerOptions } from './options.ts'
import { type PoolFlags, poolSpecOf, type Target } from './pool-options.ts'
import { type Running, startRunning } from './running.ts'

/** What `proxy` and `up` take alike. */
export interface ProxyFlags
  extends ServerOptions,
    PoolFlags,
    HttpFlags,
    LinesFlags,
    AdminFlags,
    AccessLogFlags {
  readonly config?: string
  readonly listen: Address
  readonly mode: Mode
  readonly connectTimeout: number
  readonly idleTimeout: number
  readonly retries: number
  readonly connectionsMax: number
}

/** Starts what the flags describe: one listener, one pool. @throws as `createBalancer`. */
export function startFlags(
  wanted: readonly Target[],
  flags: ProxyFlags,
  self: Command,
  log: Logger,
): Promise<Running> {
  const spec = specOf(wanted, flags, self)
  return startRunning(async () => spec, runningOptions(flags, self), log)
}

/** Flags that have no effect in other modes. */
const flagsOfModes: readonly { readonly modes: readonly Mode[]; flags: readonly string[] }[] = [
  { modes: ['http'], flags: httpFlags },
  { modes: ['tcp', 'lines'], flags: ['idleTimeout'] },
  { modes: ['lines'], flags: linesFlags },
]

/** Ends with a usage error when a flag was given that has no effect in this mode, or beside another. */
export function refuseOfOtherMode(flags: ProxyFlags, self: Command): void {
  const { affinity, health, healthInterval, healthTimeout, mode } = flags
  const isGiven = (name: string): boolean => self.getOptionValueSource(name) === 'cli'
  for (const option of self.options) {
    const name = option.attributeName()
    const its = flagsOfModes.find(({ flags }) => flags.includes(name))
    if (its === undefined || its.modes.includes(mode) || !isGiven(name)) continue
    self.error(
      `error: ${option.long} is for mode ${its.modes.join(' or ')}, and this is mode ${mode}`,
    )
  }
  if (mode !== 'http' && affinity !== undefined && affinity.kind !== 'client') {
    const why = `mode ${mode} sees no requests, so --affinity client is all it can do`
    self.error(`error: --affinity ${affinity.kind} is for mode http: ${why}`)
  }
  if (flags.wire === 'original' && health !== 'off' && health.kind === 'lines') {
    const why = 'such servers know no methods, so --health tcp is all they can be asked'
    self.error(`error: --health lines is not for --wire original: ${why}`)
  }
  if (isGiven('affinitySecret') && affinity?.kind !== 'cookie') {
    self.error('error: --affinity-secret is for --affinity cookie')
  }
  if (self.getOptionValueSource('healthTimeout') !== 'default' && healthTimeout > healthInterval) {
    const interval = `--health-interval, which is ${healthInterval}ms`
    self.error(`error: --health-timeout is longer than ${interval}: a probe ends before the next`)
  }
}

/** What is not in the spec of a balancer. */
export function runningOptions(
  flags: ProxyFlags,
  self: Command,
): Parameters<typeof startRunning>[1] {
  const { admin, adminToken, grace } = flags
  const accessLog = accessLogOf(flags, self)
  return {
    graceMs: grace,
    admin,
    isAdminWanted: self.getOptionValueSource('admin') !== 'default',
    ...(adminToken !== undefined && { adminToken }),
    ...(accessLog !== undefined && { accessLog }),
  }
}

function specOf(wanted: readonly Target[], flags: ProxyFlags, self: Command): BalancerSpec {
  const isAsked = (name: string): boolean => self.getOptionValueSource(name) !== 'default'
  const pool = poolSpecOf(wanted, flags)
  const listener: ListenerSpec = {
    name: 'default',
    mode: flags.mode,
    address: flags.listen,
    routes: [{ to: [{ pool: pool.name, weight: 1 }] }],
    connectTimeoutMs: flags.connectTimeout,
    retriesMax: flags.retries,
    idleTimeoutMs: flags.idleTimeout,
    // The default gives way quietly to what the system allows.
    ...(isAsked('connectionsMax') && { connectionsMax: flags.connectionsMax }),
    ...(flags.mode === 'http' && { http: httpOptionsOf(flags) }),
    ...(flags.mode === 'lines' && { lines: linesOptionsOf(flags) }),
  }
  return { listeners: [listener], pools: [pool] }
}

/** Where it listens, for machines. */
export function listeningLine({ listeners }: Balancer): object {
  const [first, ...others] = [...listeners.values()].map(({ address }) => formatAddress(address))
  const more = others.length > 0 && { addresses: [first, ...others] }
  return { event: 'listening', address: first, ...more, pid: process.pid }
}
