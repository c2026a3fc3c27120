import { Command, Option } from 'commander'
import { type Address, formatAddress } from '../base/address.ts'
import type { Log } from '../base/log.ts'
import type { Wire } from '../codecs/wire.ts'
import { createWorker, type Worker } from '../compute.ts'
import { withHelp } from './help.ts'
import {
  listenOption,
  logOf,
  type ServerOptions,
  whole,
  wireOption,
  withServerOptions,
} from './options.ts'
import { serve } from './serve.ts'

interface WorkerFlags extends ServerOptions {
  readonly listen: Address
  readonly wire: Wire
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
    .addOption(wireOption())
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
  return withHelp(withServerOptions(command), examples).action(async (flags: WorkerFlags, self) => {
    refuseOfOtherWire(flags, self)
    const log = logOf('worker', flags)
    await serve(() => start(flags, log), log)
  })
}

/** Flags that have no effect on words: their tasks are short, and their answers name nobody. */
const flagsOfLines: ReadonlySet<string> = new Set(['name', 'threads', 'queueLimit'])

function refuseOfOtherWire({ wire }: WorkerFlags, self: Command): void {
  if (wire === 'lines') return
  for (const option of self.options) {
    const name = option.attributeName()
    if (!flagsOfLines.has(name) || self.getOptionValueSource(name) !== 'cli') continue
    self.error(`error: ${option.long} is for --wire lines, and this is --wire ${wire}`)
  }
}

async function start(flags: WorkerFlags, log: Log): Promise<Worker> {
  const { listen, name, threads, queueLimit, grace, wire } = flags
  const worker = await createWorker({
    address: listen,
    wire,
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
