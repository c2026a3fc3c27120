import { Command, Option } from 'commander'
import type { Backend } from '../../backend/server.ts'
import { type Address, formatAddress } from '../base/address.ts'
import { listenError } from '../net/listen.ts'
import { exitCodesHelp } from './exit.ts'
import {
  duration,
  listenOption,
  logOf,
  type ServerOptions,
  share,
  whole,
  withServerOptions,
} from './options.ts'
import { serveUntilSignal } from './serve.ts'

interface BackendFlags extends ServerOptions {
  readonly listen: Address
  readonly name?: string
  readonly digitsLimit: number
  readonly threads?: number
  readonly queueLimit?: number
  readonly cache?: boolean
  readonly latency: number
  readonly jitter: number
  readonly fail: number
}

const examples = `
Examples:
  piloti backend
  piloti backend --listen :5001 --cache
  piloti backend --latency 20ms --jitter 5ms --fail 1%
${exitCodesHelp}`

export function backendCommand(): Command {
  const command = new Command('backend')
    .summary('a server that computes π')
    .description('Answers GET /DIGITS with π to that many digits.')
    .addOption(listenOption('127.0.0.1:5000'))
    .option('--name <NAME>', 'how it calls itself in its answers (default: its address)')
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
      new Option('--queue-limit <N>', 'requests that may wait for a thread').argParser(
        whole(0, 100_000),
      ),
    )
    .option('--cache', 'keep the longest result and cut shorter ones from it')
    .addOption(
      new Option('--latency <DURATION>', 'play a slow backend: add so much')
        .default(0, '0ms')
        .argParser(duration),
    )
    .addOption(
      new Option('--jitter <DURATION>', 'and up to so much more, at random')
        .default(0, '0ms')
        .argParser(duration),
    )
    .addOption(
      new Option('--fail <SHARE>', 'play a flaky backend: answer so many with 500')
        .default(0, '0%')
        .argParser(share),
    )
  return withServerOptions(command)
    .addHelpText('after', examples)
    .action(async (flags: BackendFlags) => {
      const log = logOf('backend', flags)
      const backend = await start(flags)
      const address = formatAddress(
        'path' in flags.listen ? flags.listen : { host: backend.host, port: backend.port },
      )
      const listening = { event: 'listening', address, pid: process.pid }
      log.info('listening', `listening on ${address}`, { address })
      if (flags.json) console.log(JSON.stringify(listening))
      process.send?.(listening)
      serveUntilSignal(backend, log)
    })
}

async function start(flags: BackendFlags): Promise<Backend> {
  // Fastify costs as much as Node itself to load; only this command needs it.
  const { createBackend } = await import('../../backend/server.ts')
  const { listen, name, threads, queueLimit } = flags
  try {
    return await createBackend({
      ...listen,
      ...(name !== undefined && { name }),
      ...(threads !== undefined && { threads }),
      ...(queueLimit !== undefined && { queueLimit }),
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
