import { Command, Option } from 'commander'
import type { Backend } from '../../backend/server.ts'
import { type Address, formatAddress } from '../base/address.ts'
import type { Log } from '../base/log.ts'
import { listenError } from '../net/listen.ts'
import { withHelp } from './help.ts'
import {
  duration,
  listenOption,
  logOf,
  type ServerOptions,
  share,
  whole,
  withServerOptions,
} from './options.ts'
import { serve } from './serve.ts'

interface BackendFlags extends ServerOptions {
  readonly listen: Address
  readonly name?: string
  readonly digitsLimit: number
  readonly threads?: number
  readonly queueLimit: number
  readonly cache?: boolean
  readonly latency: number
  readonly jitter: number
  readonly fail: number
}

const examples = [
  'piloti backend',
  'piloti backend --listen :5001 --cache',
  'piloti backend --latency 20ms --jitter 5ms --fail 1%',
]

export function backendCommand(): Command {
  const command = new Command('backend')
    .summary('a server that computes π')
    .description('Answers GET /DIGITS with π to that many digits.')
    .optionsGroup('Serving:')
    .addOption(listenOption('127.0.0.1:5000'))
    .option('--name <NAME>', 'how it calls itself in its answers (default: its address)')
    .optionsGroup('Computing:')
    .addOption(
      new Option('--digits-limit <N>', 'the most digits it computes')
        .default(1_000_000)
        .argParser(whole(0, 10_000_000)),
    )
    .addOption(
      new Option('--threads <N>', 'computations at a time (default: one for each core)').argParser(
        whole(1, 256),
      ),
    )
    .addOption(
      new Option('--queue-limit <N>', 'requests that may wait for a thread')
        .default(256)
        .argParser(whole(0, 100_000)),
    )
    .option('--cache', 'keep the longest result and cut shorter ones from it')
    .optionsGroup('Playing slow or flaky:')
    .addOption(
      new Option('--latency <TIME>', 'add so much to each answer')
        .default(0, '0ms')
        .argParser(duration(0)),
    )
    .addOption(
      new Option('--jitter <TIME>', 'and up to so much more, at random')
        .default(0, '0ms')
        .argParser(duration(0)),
    )
    .addOption(
      new Option('--fail <SHARE>', 'answer so many with 500').default(0, '0%').argParser(share),
    )
  return withHelp(withServerOptions(command), examples).action(
    async (flags: BackendFlags, self: Command) => {
      const log = logOf('backend', flags)
      try {
        await serve(() => start(flags, log), log)
      } catch (error) {
        if (error instanceof RangeError) self.error(`error: ${error.message}`)
        throw error
      }
    },
  )
}

async function start(flags: BackendFlags, log: Log): Promise<Backend> {
  const backend = await create(flags)
  const address = formatAddress(
    'path' in flags.listen ? flags.listen : { host: backend.host, port: backend.port },
  )
  const listening = { event: 'listening', address, pid: process.pid }
  log.info('listening', `listening on ${address}`, { address })
  if (flags.json) console.log(JSON.stringify(listening))
  // Whoever started this may be gone again, which `serve` sees.
  process.send?.(listening, undefined, undefined, () => {})
  return backend
}

async function create(flags: BackendFlags): Promise<Backend> {
  // Fastify costs as much as Node itself to load; only this command needs it.
  const { createBackend } = await import('../../backend/server.ts')
  const { listen, name, threads } = flags
  try {
    return await createBackend({
      ...listen,
      ...(name !== undefined && { name }),
      ...(threads !== undefined && { threads }),
      queueLimit: flags.queueLimit,
      digitsLimit: flags.digitsLimit,
      cache: flags.cache === true,
      latencyMs: flags.latency,
      jitterMs: flags.jitter,
      failRate: flags.fail,
      graceMs: flags.grace,
    })
  } catch (error) {
    throw error instanceof Error && 'syscall' in error ? listenError(listen, error) : error
  }
}
