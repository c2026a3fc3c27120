import { Command, Option } from 'commander'
import { type Balancer, createBalancer, type ListenerSpec } from '../balancer.ts'
import { type Address, formatAddress } from '../base/address.ts'
import type { Log } from '../base/log.ts'
import type { Mode } from '../proxy.ts'
import { withHelp } from './help.ts'
import { type HttpFlags, httpOptionsOf, withHttpOptions } from './http-options.ts'
import {
  duration,
  listenOption,
  logOf,
  oneOf,
  type ServerOptions,
  whole,
  withServerOptions,
} from './options.ts'
import {
  type PoolFlags,
  poolSpecOf,
  type Target,
  targets,
  withPoolOptions,
} from './pool-options.ts'
import { type Served, serve } from './serve.ts'

/** What `proxy` and `up` take alike. */
export interface ProxyFlags extends ServerOptions, PoolFlags, HttpFlags {
  readonly listen: Address
  readonly mode: Mode
  readonly connectTimeout: number
  readonly idleTimeout: number
  readonly retries: number
  readonly connectionsMax: number
}

const about = [
  'The load balancer: gives each request, or connection, to one of the backends.',
  'A BACKEND is HOST:PORT, :PORT (on 127.0.0.1), [IPV6]:PORT or unix:/PATH. A weight may follow it after a semicolon: weight 3 means three times the work of weight 1.',
].join('\n\n')

const examples = [
  'piloti proxy :5000 :5001 :5002',
  'piloti proxy -s least-connections -l :80 10.0.0.1:80 10.0.0.2:80',
  "piloti proxy 'app1:3000;weight=3' app2:3000 unix:/run/app3.sock",
]

export function proxyCommand(): Command {
  const command = new Command('proxy')
    .summary('the load balancer')
    .description(about)
    .usage('[options] BACKEND...')
    .argument('[BACKEND...]', 'where the work goes', targets)
  return withHelp(withServerOptions(withProxyOptions(command)), examples).action(
    async (wanted: readonly Target[], flags: ProxyFlags, self: Command) => {
      const isNone = wanted.length === 0 && flags.backendsFile.length === 0
      if (isNone) self.error(`error: a BACKEND is missing\n\n${shortForm}\n`)
      const log = logOf('proxy', flags)
      await serve(() => start(wanted, flags, log), log)
    },
  )
}

const shortForm = [
  'Usage: piloti proxy [options] BACKEND...',
  ...examples.map((e) => `  ${e}`),
].join('\n')

async function start(wanted: readonly Target[], flags: ProxyFlags, log: Log): Promise<Served> {
  const balancer = await startBalancer(wanted, flags, log)
  if (flags.json) console.log(JSON.stringify(listeningLine(balancer)))
  return { close: () => balancer.close(flags.grace), view: () => balancer.view() }
}

export function withProxyOptions(command: Command): Command {
  const balancing = command
    .optionsGroup('Listening:')
    .addOption(listenOption('127.0.0.1:8080'))
    .addOption(
      new Option('-m, --mode <MODE>', 'http balances requests, tcp connections')
        .env('PILOTI_MODE')
        .default('http')
        .argParser(oneOf(['http', 'tcp'])),
    )
    .addOption(
      new Option('--retries <N>', 'other backends to try when one fails')
        .default(2)
        .argParser(whole(0, 100)),
    )
    .addOption(
      new Option('--connect-timeout <TIME>', 'how long a backend may take to accept')
        .default(3_000, '3s')
        .argParser(duration(1)),
    )
    .addOption(
      new Option('--idle-timeout <TIME>', 'how long a connection may be silent in mode tcp')
        .default(600_000, '10m')
        .argParser(duration(1)),
    )
    .addOption(
      new Option('--connections-max <N>', 'clients connected at a time')
        .default(10_000)
        .argParser(whole(1, 1_000_000)),
    )
  return withHttpOptions(withPoolOptions(balancing))
}

/** Starts what the flags describe. @throws PilotiError LISTEN … */
export function startBalancer(
  wanted: readonly Target[],
  flags: ProxyFlags,
  log: Log,
): Promise<Balancer> {
  const pool = poolSpecOf(wanted, flags)
  const listener: ListenerSpec = {
    name: 'default',
    mode: flags.mode,
    address: flags.listen,
    routes: [{ to: [{ pool: pool.name, weight: 1 }] }],
    connectTimeoutMs: flags.connectTimeout,
    retriesMax: flags.retries,
    idleTimeoutMs: flags.idleTimeout,
    connectionsMax: flags.connectionsMax,
    ...(flags.mode === 'http' && { http: httpOptionsOf(flags) }),
  }
  return createBalancer({ listeners: [listener], pools: [pool] }, { log, graceMs: flags.grace })
}

/** Where it listens, for machines. */
export function listeningLine({ listeners }: Balancer): object {
  const [first] = [...listeners.values()].map(({ address }) => formatAddress(address))
  return { event: 'listening', address: first, pid: process.pid }
}
