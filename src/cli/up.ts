import { existsSync } from 'node:fs'
import { Command, Option } from 'commander'
import type { Balancer } from '../balancer.ts'
import { type Address, formatAddress } from '../base/address.ts'
import { type Children, startChildren } from './children.ts'
import { listeningLine, type ProxyFlags, refuseOfOtherMode, startFlags } from './flagged.ts'
import { withHelp } from './help.ts'
import type { Logger } from './logger.ts'
import { logOf, whole, withServerOptions } from './options.ts'
import { withProxyOptions } from './proxy.ts'
import type { Running } from './running.ts'
import { type Served, serve } from './serve.ts'

interface UpFlags extends ProxyFlags {
  readonly backends: number
  readonly firstPort: number
}

/** The proxy has waited for its clients already; who talks to a backend directly gets this long. */
const backendGrace = '3s'

const examples = [
  'piloti up',
  'piloti up --backends 8 --strategy least-response-time',
  'piloti up --listen :9000 --first-port 6000',
]

export function upCommand(): Command {
  const command = new Command('up')
    .summary('π backends and the proxy in one go: the demonstration')
    .description('Starts π backends, each a process of its own, and the proxy in front of them.')
    .optionsGroup('Backends:')
    .addOption(
      new Option('-n, --backends <N>', 'how many')
        .env('PILOTI_BACKENDS')
        .default(4)
        .argParser(whole(1, 256)),
    )
    .addOption(
      new Option('--first-port <PORT>', 'port of the first, the others follow; 0: any free ones')
        .default(5_000)
        .argParser(whole(0, 65_535)),
    )
  return withHelp(withServerOptions(withProxyOptions(command)), examples).action(
    async (flags: UpFlags, self: Command) => {
      const last = flags.firstPort + flags.backends - 1
      if (last > 65_535) {
        const text = `the last of ${flags.backends} backends would have port ${last}`
        self.error(`error: --first-port: ${text}`)
      }
      refuseOfOtherMode(flags, self)
      const log = logOf('up', flags)
      await serve(() => start(flags, self, log), log)
    },
  )
}

async function start(flags: UpFlags, self: Command, log: Logger): Promise<Served> {
  const { backends, firstPort } = flags
  const wanted = Array.from({ length: backends }, (_, index) => ({
    host: '127.0.0.1',
    port: firstPort === 0 ? 0 : firstPort + index,
  }))
  const children = await startChildren(wanted, backendArgs(flags), log)
  const running = await startInFront(children, flags, self, log)
  const { balancer } = running
  if (flags.json) console.log(JSON.stringify(listening(balancer, children)))
  else if (!flags.quiet) console.log(welcome(running, children, flags))
  return { ...running, close: () => close(running, children) }
}

/** They say only what is wrong, in the form that was asked for. */
function backendArgs({ quiet, logFormat, color }: UpFlags): string[] {
  return [
    ...['--log-level', quiet ? 'error' : 'warn', '--grace', backendGrace],
    ...(logFormat === undefined ? [] : ['--log-format', logFormat]),
    ...(color ? [] : ['--no-color']),
  ]
}

async function startInFront(
  children: Children,
  flags: ProxyFlags,
  self: Command,
  log: Logger,
): Promise<Running> {
  try {
    const specs = children.all.map(({ address }) => ({ address }))
    return await startFlags(specs, flags, self, log)
  } catch (error) {
    await children.close()
    throw error
  }
}

/** First the proxy, which still needs the backends for what is under way. */
async function close(running: Running, children: Children): Promise<void> {
  await running.close()
  await children.close()
}

function listening(balancer: Balancer, { all }: Children): object {
  const backends = all.map(({ address, pid }) => ({ address: formatAddress(address), pid }))
  return { ...listeningLine(balancer), backends }
}

function welcome({ admin, balancer }: Running, { all }: Children, { mode }: UpFlags): string {
  const { address } = balancer.listeners.get('default')!
  const { strategy } = balancer.pools.get('default')!
  const url = urlOf(address)
  const curl = 'path' in address ? `curl --unix-socket ${address.path} ${url}` : `curl ${url}`
  const stress = url === usualUrl ? stressScript : `${stressScript} --url ${url}`
  const lines = [
    [`${curl}/100`, 'π to 100 digits'],
    ...('path' in address ? [] : [[`${url}/1000`, 'a page, for a browser']]),
    // It lies in a clone, and not in the package.
    ...('path' in address || !existsSync(stressScript)
      ? []
      : [[stress, '100 requests by 5 clients, and who answered them']]),
    ...(admin === undefined || 'path' in admin
      ? []
      : [[urlOf(admin), 'the dashboard: who gets the work, live']]),
    [`kill -9 ${all[0]?.pid}`, 'the first backend dies: see who takes over'],
  ]
  const width = Math.max(...lines.map(([what = '']) => what.length))
  const where = formatAddress(address)
  return `
piloti is up: ${all.length} backends behind ${where}, strategy ${strategy.name}, mode ${mode}

${lines.map(([what = '', why]) => `  ${what.padEnd(width)}   ${why}`).join('\n')}

Ctrl-C stops everything.
`
}

const usualUrl = 'http://127.0.0.1:8080'
const stressScript = './scripts/stress.sh'

/** Where a client on this machine finds it. */
function urlOf(address: Address): string {
  if ('path' in address) return 'http://localhost'
  const isAnyHost = address.host === '0.0.0.0' || address.host === '::'
  return `http://${formatAddress(isAnyHost ? { ...address, host: 'localhost' } : address)}`
}
