import { Command, Option } from 'commander'
import { type Address, formatAddress } from '../base/address.ts'
import type { Log } from '../base/log.ts'
import { createWorker, type Worker } from '../compute.ts'
import { withHelp } from './help.ts'
import { listenOption, logOf, type ServerOptions, whole, withServerOptions } from './options.ts'
import { serve } from './serve.ts'

interface WorkerFlags extends ServerOptions {
  readonly listen: Address
  readonly name?: string
  readonly threads?: number
  readonly queueLimit: number
}

const examples = [
  'piloti compute worker',
  'piloti compute worker --listen :61002 --threads 2',
  "echo 'sum 3 4' | nc -N 127.0.0.1 61001",
]

export function computeWorkerCommand(): Command {
  const command = new Command('worker')
    .summary('a server that does tasks')
    .description('Does tasks that come as lines: sum 3 4, pi 50, or JSON-RPC; exact, of any size.')
    .optionsGroup('Serving:')
    .addOption(listenOption('127.0.0.1:61001'))
    .option('--name <NAME>', 'how it calls itself in its answers (default: its address)')
    .optionsGroup('Computing:')
    .addOption(
      new Option('--threads <N>', 'long tasks at a time (default: one for each core)').argParser(
        whole(1, 256),
      ),
    )
    .addOption(
      new Option('--queue-limit <N>', 'long tasks that may wait for a thread')
        .default(256)
        .argParser(whole(0, 100_000)),
    )
  return withHelp(withServerOptions(command), examples).action(async (flags: WorkerFlags) => {
    const log = logOf('worker', flags)
    await serve(() => start(flags, log), log)
  })
}

async function start(flags: WorkerFlags, log: Log): Promise<Worker> {
  const { listen, name, threads, queueLimit, grace } = flags
  const worker = await createWorker({
    address: listen,
    ...(name !== undefined && { name }),
    ...(threads !== undefined && { threads }),
    queueLimit,
  })
  const address = formatAddress(worker.address)
  const listening = { event: 'listening', address, pid: process.pid }
  log.info('listening', `listening on ${address}`, { address })
  if (flags.json) console.log(JSON.stringify(listening))
  // Whoever started this may be gone again, which `serve` sees.
  process.send?.(listening, undefined, undefined, () => {})
  return { ...worker, close: () => worker.close(grace) }
}
