import { Command, Option } from 'commander'
import { type Address, formatAddress } from '../base/address.ts'
import type { BackendSpec } from '../pool/backend.ts'
import { Pool } from '../pool/pool.ts'
import { createProxy, type Mode, type Proxy } from '../proxy.ts'
import { createStrategy } from '../strategies/index.ts'
import { exitCodesHelp } from './exit.ts'
import {
  backends,
  duration,
  listenOption,
  logOf,
  type ServerOptions,
  strategyOption,
  whole,
  withServerOptions,
} from './options.ts'
import { serveUntilSignal } from './serve.ts'

/** What `proxy` and `up` take alike. */
export interface ProxyFlags extends ServerOptions {
  readonly listen: Address
  readonly strategy: string
  readonly mode: Mode
  readonly connectTimeout: number
  readonly idleTimeout: number
  readonly retries: number
  readonly connectionsMax: number
}

const examples = `
Examples:
  piloti proxy :5000 :5001 :5002
  piloti proxy --strategy least-connections --listen :80 10.0.0.1:80 10.0.0.2:80
  piloti proxy 'app1:3000;weight=3' app2:3000 unix:/run/app3.sock
${exitCodesHelp}`

export function proxyCommand(): Command {
  const command = new Command('proxy')
    .summary('the load balancer')
    .description('Decides for every connection which backend should do this.')
    .argument('<BACKEND...>', 'HOST:PORT, :PORT or unix:/PATH, with ;weight=N', backends)
  return withServerOptions(withProxyOptions(command))
    .addHelpText('after', examples)
    .action(async (specs: readonly BackendSpec[], flags: ProxyFlags) => {
      const log = logOf('proxy', flags)
      const proxy = await startProxy(specs, flags)
      if (flags.json) {
        const address = formatAddress(proxy.address)
        console.log(JSON.stringify({ event: 'listening', address, pid: process.pid }))
      }
      serveUntilSignal({ close: () => proxy.close(flags.grace), view: () => proxy.view() }, log)
    })
}

export function withProxyOptions(command: Command): Command {
  return command
    .addOption(listenOption('127.0.0.1:8080'))
    .addOption(strategyOption())
    .addOption(
      new Option('-m, --mode <MODE>', 'tcp: each connection goes to one backend')
        .env('PILOTI_MODE')
        .choices(['tcp'])
        .default('tcp'),
    )
    .addOption(
      new Option('--connect-timeout <DURATION>', 'how long a backend may take to accept')
        .default(3_000, '3s')
        .argParser(duration),
    )
    .addOption(
      new Option('--retries <N>', 'other backends to try when one cannot be connected to')
        .default(2)
        .argParser(whole(0, 100)),
    )
    .addOption(
      new Option('--idle-timeout <DURATION>', 'how long a connection may be silent')
        .default(600_000, '10m')
        .argParser(duration),
    )
    .addOption(
      new Option('--connections-max <N>', 'clients connected at a time')
        .default(10_000)
        .argParser(whole(1, 1_000_000)),
    )
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
    log: logOf('proxy', flags),
  })
}
