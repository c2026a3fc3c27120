import { Command, Option } from 'commander'
import { type Address, formatAddress } from '../base/address.ts'
import type { BackendSpec } from '../pool/backend.ts'
import { Pool } from '../pool/pool.ts'
import { createProxy, type Mode, type Proxy } from '../proxy.ts'
import { createStrategy } from '../strategies/index.ts'
import { withHelp } from './help.ts'
import { type HttpFlags, httpOptionsOf, withHttpOptions } from './http-options.ts'
import {
  backends,
  duration,
  listenOption,
  logOf,
  oneOf,
  type ServerOptions,
  strategyOption,
  whole,
  withServerOptions,
} from './options.ts'
import { type Served, serve } from './serve.ts'

/** What `proxy` and `up` take alike. */
export interface ProxyFlags extends ServerOptions, HttpFlags {
  readonly listen: Address
  readonly strategy: string
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
    .argument('[BACKEND...]', 'where the work goes', backends)
  return withHelp(withServerOptions(withProxyOptions(command)), examples).action(
    async (specs: readonly BackendSpec[], flags: ProxyFlags, self: Command) => {
      if (specs.length === 0) self.error(`error: a BACKEND is missing\n\n${shortForm}\n`)
      const log = logOf('proxy', flags)
      await serve(() => start(specs, flags), log)
    },
  )
}

const shortForm = [
  'Usage: piloti proxy [options] BACKEND...',
  ...examples.map((e) => `  ${e}`),
].join('\n')

async function start(specs: readonly BackendSpec[], flags: ProxyFlags): Promise<Served> {
  const proxy = await startProxy(specs, flags)
  if (flags.json) {
    const address = formatAddress(proxy.address)
    console.log(JSON.stringify({ event: 'listening', address, pid: process.pid }))
  }
  return { close: () => proxy.close(flags.grace), view: () => proxy.view() }
}

export function withProxyOptions(command: Command): Command {
  const balancing = command
    .optionsGroup('Balancing:')
    .addOption(listenOption('127.0.0.1:8080'))
    .addOption(strategyOption())
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
    .optionsGroup('Limits:')
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
  return withHttpOptions(balancing)
}

/** Starts the proxy that the flags describe. @throws PilotiError LISTEN. */
export function startProxy(specs: readonly BackendSpec[], flags: ProxyFlags): Promise<Proxy> {
  return createProxy({
    pool: new Pool(specs, createStrategy(flags.strategy)),
    mode: flags.mode,
    address: flags.listen,
    connectTimeoutMs: flags.connectTimeout,
    retriesMax: flags.retries,
    idleTimeoutMs: flags.idleTimeout,
    connectionsMax: flags.connectionsMax,
    http: httpOptionsOf(flags),
    log: logOf('proxy', flags),
  })
}
