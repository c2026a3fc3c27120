import { existsSync } from 'node:fs'
import { Command, Option } from 'commander'
import type { Balancer } from '../balancer.ts'
import { formatAddress } from '../base/address.ts'
import { type ChildKind, type Children, startChildren } from './children.ts'
import { listeningLine, type ProxyFlags, refuseOfOtherMode, startFlags } from './flagged.ts'
import { withHelp } from './help.ts'
import type { Logger } from './logger.ts'
import { logOf, whole, withServerOptions } from './options.ts'
import { withProxyOptions } from './proxy.ts'
import type { Running } from './running.ts'
import { type Served, serve } from './serve.ts'
import {
  type ComputeFlags,
  computeFlags,
  computeTries,
  originalTries,
  usualFirstPort,
  withComputeOptions,
  workerKind,
} from './up-compute.ts'
import { type Try, urlOf, usualTries, welcomeText } from './up-welcome.ts'

interface UpFlags extends ProxyFlags, ComputeFlags {
  readonly backends: number
  readonly firstPort: number
}

/** The proxy has waited for its clients already; who talks to a backend directly gets this long. */
const backendGrace = '3s'

const examples = [
  'piloti up',
  'piloti up --backends 8 --strategy least-response-time',
  'piloti up --listen :9000 --first-port 6000',
  'piloti up --compute',
]

const about = [
  'Starts π backends, each a process of its own, and the proxy in front of them.',
  'With --compute, workers that do tasks, and mode lines in front of them.',
].join('\n\n')

export function upCommand(): Command {
  const command = new Command('up')
    .summary('π backends and the proxy in one go: the demonstration')
    .description(about)
    .optionsGroup('Backends:')
    .addOption(
      new Option('-n, --backends <N>', 'how many')
        .env('PILOTI_BACKENDS')
        .default(4)
        .argParser(whole(1, 256)),
    )
    .addOption(
      new Option('--first-port <PORT>', 'port of the first, the others follow; 0: any free ones')
        .default(5_000, `5000, or ${usualFirstPort}`)
        .argParser(whole(0, 65_535)),
    )
  const made = withServerOptions(withProxyOptions(withComputeOptions(command)))
  return withHelp(made, examples).action(async (flags: UpFlags, self: Command) => {
    const show = flags.compute ? computeShow(flags, self) : piShow(flags, self)
    const last = show.flags.firstPort + show.count - 1
    if (last > 65_535) {
      const text = `the last of ${show.count} ${show.kind.name}s would have port ${last}`
      self.error(`error: --first-port: ${text}`)
    }
    refuseOfOtherMode(show.flags, self)
    const log = logOf('up', flags)
    await serve(() => start(show, self, log), log)
  })
}

/** What is shown: who works behind the proxy, and what to try with it. */
interface Show {
  readonly kind: ChildKind
  readonly count: number
  readonly flags: UpFlags
  readonly tries: (running: Running, children: Children) => readonly Try[]
}

function piShow(flags: UpFlags, self: Command): Show {
  if (self.getOptionValueSource('workers') === 'cli') {
    self.error('error: --workers is for --compute: without it, it is --backends')
  }
  const kind = { command: ['backend'], name: 'backend' }
  return { kind, count: flags.backends, flags, tries: piTries }
}

function computeShow(flags: UpFlags, self: Command): Show {
  const more = computeFlags(flags, self)
  const tries = flags.wire === 'lines' ? computeTries : originalTries
  return { kind: workerKind(flags), count: flags.workers, flags: more, tries }
}

async function start(show: Show, self: Command, log: Logger): Promise<Served> {
  const { count, flags, kind } = show
  const wanted = Array.from({ length: count }, (_, index) => ({
    host: '127.0.0.1',
    port: flags.firstPort === 0 ? 0 : flags.firstPort + index,
  }))
  const children = await startChildren(kind, wanted, backendArgs(flags), log)
  const running = await startInFront(children, flags, self, log)
  if (flags.json) console.log(JSON.stringify(listening(running.balancer, children)))
  else if (!flags.quiet) {
    const what = `${count} ${kind.name}s`
    console.log(welcomeText(what, running, flags.mode, show.tries(running, children)))
  }
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

function piTries(running: Running, children: Children): readonly Try[] {
  const { address } = running.balancer.listeners.get('default')!
  const url = urlOf(address)
  const curl = 'path' in address ? `curl --unix-socket ${address.path} ${url}` : `curl ${url}`
  const stress = url === usualUrl ? stressScript : `${stressScript} --url ${url}`
  // It lies in a clone, and not in the package.
  const hasScript = !('path' in address) && existsSync(stressScript)
  return [
    [`${curl}/100`, 'π to 100 digits'],
    ...('path' in address ? [] : [[`${url}/1000`, 'a page, for a browser'] as const]),
    ...(hasScript ? [[stress, '100 requests by 5 clients, and who answered them'] as const] : []),
    ...usualTries(running, children, 'backend'),
  ]
}

const usualUrl = 'http://127.0.0.1:8080'
const stressScript = './scripts/stress.sh'
