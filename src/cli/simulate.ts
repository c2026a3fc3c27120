import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { isStrategyFile, loadStrategy } from '../balancer.ts'
import { PilotiError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { LogFaults, Simulation, StrategyMaker, Workload } from '../simulator.ts'
import { createStrategy, strategies } from '../strategies/index.ts'
import { withHelp } from './help.ts'
import { oneOf, whole } from './options.ts'
import { createProgress, type Progress, silentProgress } from './progress.ts'
import { linesOf, readText } from './text-file.ts'

interface SimulateFlags {
  readonly strategy?: readonly string[]
  readonly workload?: string
  readonly backends: number
  readonly servers: number
  readonly key: 'client' | 'path'
  readonly requests?: number
  readonly seed: number
  readonly json?: boolean
  readonly quiet?: boolean
}

const workloadLengthMax = 1_048_576

const examples = [
  'piloti simulate --workload examples/workloads/one-slow.yaml',
  'piloti simulate -s round-robin -s two-choices access.log',
  'piloti simulate --workload load.yaml --seed 7 --json | jq .strategies[0]',
]

export function simulateCommand(): Command {
  const command = new Command('simulate')
    .summary('strategies compared, on a log or a workload, in virtual time')
    .description('Plays requests through strategies in virtual time, and compares what they do.')
    .argument('[LOG]', 'an access log with durations; - is standard input')
    .optionsGroup('What comes in:')
    .option('-w, --workload <FILE>', 'a description of requests and backends; - is standard input')
    .addOption(
      new Option('--requests <N>', 'at most so many, whatever file or log say').argParser(
        whole(1, 10_000_000),
      ),
    )
    .addOption(
      new Option('--key <WHAT>', 'what of a log strategies may look at: client or path')
        .default('client')
        .argParser(oneOf(['client', 'path'])),
    )
    .addOption(
      new Option('--seed <N>', 'chance begins here: the same seed, the same result')
        .default(1)
        .argParser(whole(0, 4_294_967_295)),
    )
    .optionsGroup('Who does it:')
    .addOption(
      new Option('-s, --strategy <NAME>', 'a name or a file, repeatable (default: all)').argParser(
        strategyNames,
      ),
    )
    .addOption(
      new Option('-n, --backends <N>', 'for a log without a workload: how many')
        .default(4)
        .argParser(whole(1, 5_000)),
    )
    .addOption(
      new Option('--servers <N>', 'and how many requests each works on at a time')
        .default(8)
        .argParser(whole(1, 100_000)),
    )
    .optionsGroup('Output:')
    .option('--json', 'one JSON document on standard output')
    .option('-q, --quiet', 'no progress, and no word of lines left out')
    .option('-v, --verbose', 'also stacks of errors')
    .option('--no-color', 'accepted as everywhere: nothing has a colour')
  return withHelp(command, examples).action(
    async (log: string | undefined, flags: SimulateFlags, self: Command) => {
      if (log === undefined && flags.workload === undefined) {
        self.error('error: a LOG or --workload FILE is missing')
      }
      if (log === '-' && flags.workload === '-') {
        self.error('error: LOG and --workload cannot both be standard input')
      }
      await run(log, flags, self)
    },
  )
}

async function run(given: string | undefined, flags: SimulateFlags, self: Command): Promise<void> {
  const workload = await workloadOf(flags)
  const log = given ?? logOf(workload, flags.workload ?? '')
  if (log === undefined && workload.arrivals.kind === 'given') {
    self.error(`error: ${flags.workload} has no arrivals: add them, or give a LOG`)
  }
  const makers = await makersOf(flags.strategy ?? Object.keys(strategies), workload)
  const progress = flags.quiet ? silentProgress : createProgress('simulating')
  try {
    const simulation =
      log === undefined
        ? await simulateWorkload(workload, makers, flags.seed, progress)
        : await simulateLog(log, workload, makers, flags, progress)
    progress.clear()
    await print(simulation, flags)
  } finally {
    progress.clear()
  }
}

/** The workload of the file, with the limits of the command line; or the one that a log alone is given. */
async function workloadOf({
  workload,
  requests,
  backends,
  servers,
}: SimulateFlags): Promise<Workload> {
  const limit = requests === undefined ? {} : { requests }
  if (workload === undefined) {
    const group = { name: 'backend', count: backends, servers }
    const service = { kind: 'constant', meanMs: 1 } as const
    return { arrivals: { kind: 'given' }, service, backends: [group], ...limit }
  }
  const { readWorkload } = await import('../simulator.ts')
  const name = workload === '-' ? 'standard input' : workload
  const read = await readWorkload(await readText(workload, workloadLengthMax), name)
  return { ...read, ...limit }
}

/** The log that a workload names is beside it. */
function logOf({ arrivals }: Workload, file: string): string | undefined {
  if (arrivals.kind !== 'given' || arrivals.path === undefined) return undefined
  return resolve(dirname(file), arrivals.path)
}

/** A file is loaded once for each balancer, for each needs a strategy of its own. */
async function makersOf(
  names: readonly string[],
  { balancers = 1 }: Workload,
): Promise<(string | StrategyMaker)[]> {
  return Promise.all(
    names.map(async (name) => {
      if (!isStrategyFile(name)) return name
      const each = Array.from({ length: balancers }, () => loadStrategy(name, faults))
      const loaded = await Promise.all(each)
      return () => loaded.pop()!
    }),
  )
}

/** Where a strategy of a file says that it failed. */
const faults: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (_event, sentence) => process.stderr.write(`piloti: ${sentence}\n`),
}

async function simulateWorkload(
  workload: Workload,
  makers: readonly (string | StrategyMaker)[],
  seed: number,
  progress: Progress,
): Promise<Simulation> {
  const { simulate } = await import('../simulator.ts')
  return simulate(workload, makers, { seed, onProgress: (share) => progress.show(share) })
}

async function simulateLog(
  path: string,
  workload: Workload,
  makers: readonly (string | StrategyMaker)[],
  { key, seed, quiet }: SimulateFlags,
  progress: Progress,
): Promise<Simulation> {
  const { createLogReader, createReplay } = await import('../simulator.ts')
  const reader = createLogReader(key)
  const replay = createReplay(workload, makers, { seed })
  const { requests = 10_000_000, durationMs = Number.POSITIVE_INFINITY } = workload
  const sizeBytes = path === '-' ? 0 : await sizeOf(path)
  let came = 0
  const play = (logged: ReturnType<typeof reader.take>): void => {
    for (const request of logged) {
      if (came >= requests || request.atMs > durationMs) return
      // Each balancer in turn, for nobody knows which one it was.
      replay.arrive({ ...request, balancer: (came++ * goldenRatio) % 1 })
    }
  }
  const hear = (bytes: number): void => progress.show(sizeBytes === 0 ? 0 : bytes / sizeBytes)
  for await (const lines of linesOf(path, hear)) {
    for (const line of lines) play(reader.take(line))
    if (came >= requests) break
  }
  play(reader.end())
  progress.clear()
  const name = path === '-' ? 'standard input' : path
  if (came === 0) throw nothingIn(name, reader.faults)
  if (!quiet) tell(name, reader.faults)
  return replay.end()
}

/** Its multiples without their whole part are spread evenly, however many there are. */
const goldenRatio = (Math.sqrt(5) - 1) / 2

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

function nothingIn(name: string, { lines, withoutDuration, unreadable }: LogFaults): PilotiError {
  if (lines === 0) return new PilotiError('ACCESS_LOG', `'${name}' has no lines`)
  if (withoutDuration > 0) {
    const how = 'end each line with the seconds it took (nginx: $request_time), or write JSON lines'
    return new PilotiError('ACCESS_LOG', `'${name}' has no durations: ${how} with durationMs`)
  }
  const wanted = 'the combined format with a duration at its end, or JSON lines, wanted'
  return new PilotiError(
    'ACCESS_LOG',
    `'${name}' is no access log: ${wanted} (${unreadable} lines)`,
  )
}

function tell(name: string, faults: LogFaults): void {
  const { lines, unreadable, withoutDuration, late, firstBad } = faults
  if (unreadable + withoutDuration > 0) {
    const what = `${unreadable} unreadable, ${withoutDuration} without a duration`
    const where = `the first: ${firstBad.join(', ')}`
    process.stderr.write(`piloti: lines of '${name}' left out: ${what}, of ${lines} (${where})\n`)
  }
  if (late > 0)
    process.stderr.write(`piloti: ${late} requests are far out of order, and come late\n`)
}

async function print(simulation: Simulation, { json }: SimulateFlags): Promise<void> {
  const { formatSimulation } = await import('../simulator.ts')
  process.stdout.write(
    json ? `${JSON.stringify(simulation, undefined, 2)}\n` : formatSimulation(simulation),
  )
}

function strategyNames(text: string, before: readonly string[] = []): string[] {
  const name = isStrategyFile(text) ? text : known(text)
  return before.includes(name) ? [...before] : [...before, name]
}

function known(name: string): string {
  try {
    return createStrategy(name).name
  } catch (error) {
    throw error instanceof PilotiError ? new InvalidArgumentError(error.message) : error
  }
}
