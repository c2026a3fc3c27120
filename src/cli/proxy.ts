import { existsSync } from 'node:fs'
import { Command, Option } from 'commander'
import { withAccessLogOptions } from './access-log-options.ts'
import { withAdminOptions } from './admin-options.ts'
import { readConfiguration, refuseBeside } from './configured.ts'
import { listeningLine, type ProxyFlags, refuseOfOtherMode, startFlags } from './flagged.ts'
import { withHelp } from './help.ts'
import { withHttpOptions } from './http-options.ts'
import { withLinesOptions } from './lines-options.ts'
import { duration, listenOption, logOf, oneOf, whole, withServerOptions } from './options.ts'
import { type Target, targets, withPoolOptions } from './pool-options.ts'
import type { Running } from './running.ts'
import { type Served, serve } from './serve.ts'

const usualFile = 'piloti.yaml'

const about = [
  'The load balancer: gives each request, or connection, to one of the backends.',
  'A BACKEND is HOST:PORT, :PORT (on 127.0.0.1), [IPV6]:PORT or unix:/PATH. A weight may follow it after a semicolon: weight 3 means three times the work of weight 1. dns:NAME:PORT and srv:NAME are backends that are found in DNS.',
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
    .optionsGroup('Configuration:')
    .option(
      '-c, --config <FILE>',
      `what describes everything instead (${usualFile}, if it lies here)`,
    )
  return withHelp(withServerOptions(withProxyOptions(command)), examples).action(
    async (wanted: readonly Target[], flags: ProxyFlags, self: Command) => {
      const file = fileOf(wanted, flags)
      if (file !== undefined) return serveFile(file, wanted, flags, self)
      const isNone = wanted.length === 0 && flags.backendsFile.length === 0
      if (isNone) self.error(`error: a BACKEND is missing\n\n${shortForm}\n`)
      refuseOfOtherMode(flags, self)
      const log = logOf('proxy', flags)
      await serve(() => announced(startFlags(wanted, flags, self, log), flags), log)
    },
  )
}

const shortForm = [
  'Usage: piloti proxy [options] BACKEND...',
  ...examples.map((e) => `  ${e}`),
].join('\n')

/** The file that describes everything, if one is given, or lies here and no backend is. */
function fileOf(
  wanted: readonly Target[],
  { backendsFile, config }: ProxyFlags,
): string | undefined {
  if (config !== undefined) return config
  const isNone = wanted.length === 0 && backendsFile.length === 0
  return isNone && existsSync(usualFile) ? usualFile : undefined
}

async function serveFile(
  file: string,
  wanted: readonly Target[],
  flags: ProxyFlags,
  self: Command,
): Promise<void> {
  refuseBeside(file, wanted, self)
  const configured = await readConfiguration(file, flags, self)
  const log = logOf('proxy', configured.flags)
  await serve(() => announced(configured.start(log), flags), log)
}

/** Says where it listens, for machines. */
async function announced(starting: Promise<Running>, { json }: ProxyFlags): Promise<Served> {
  const running = await starting
  if (json) console.log(JSON.stringify(listeningLine(running.balancer)))
  return running
}

export function withProxyOptions(command: Command): Command {
  const balancing = command
    .optionsGroup('Listening:')
    .addOption(listenOption('127.0.0.1:8080'))
    .addOption(
      new Option('-m, --mode <MODE>', 'http balances requests, tcp connections, lines messages')
        .env('PILOTI_MODE')
        .default('http')
        .argParser(oneOf(['http', 'tcp', 'lines'])),
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
      new Option('--idle-timeout <TIME>', 'how long a client may be silent in mode tcp or lines')
        .default(600_000, '10m')
        .argParser(duration(1)),
    )
    .addOption(
      new Option('--connections-max <N>', 'clients connected at a time')
        .default(10_000)
        .argParser(whole(1, 1_000_000)),
    )
  const withModes = withLinesOptions(withHttpOptions(withPoolOptions(balancing)))
  return withAccessLogOptions(withAdminOptions(withModes))
}
