import { Command, Option } from 'commander'
import { type Address, formatAddress, parseAddress } from '../base/address.ts'
import { createComputeClient } from '../compute.ts'
import { withAskOptions } from './admin-options.ts'
import type { Asking } from './ask.ts'
import { randomMax } from './compute-order.ts'
import { ComputePrompt } from './compute-prompt.ts'
import { runLines } from './compute-script.ts'
import { ComputeSession, type Style } from './compute-session.ts'
import { withHelp } from './help.ts'
import { duration, whole } from './options.ts'
import { createProgress, silentProgress } from './progress.ts'
import { linesOf } from './text-file.ts'

interface ClientFlags extends Asking {
  readonly random?: number
  readonly over: number
  readonly seed?: number
  readonly atOnce: number
  readonly timeout: number
  readonly json?: boolean
  readonly quiet?: boolean
}

const usualAddress = '127.0.0.1:60002'

const about = [
  'Sends tasks to a balancer of compute workers, or to a worker: those given as arguments, the lines of standard input, or what is typed at its prompt.',
  "A TASK is 'sum 3 4', 'difference', 'product', 'quotient', 'power', 'pi 50', 'primes 100' or 'sleep 500'; 'random 200 10s', 'workers' and 'help' are understood too.",
].join('\n\n')

const examples = [
  'piloti compute client',
  "piloti compute client 'sum 3 4' 'pi 50'",
  'piloti compute client --random 200 --seed 7 --json',
]

export function computeClientCommand(): Command {
  const made = new Command('client')
    .summary('sends tasks: a prompt, or for scripts')
    .description(about)
    .usage('[options] [HOST:PORT] [TASK...]')
    .argument('[WORDS...]', `where the tasks go (default ${usualAddress}), then tasks`)
  withTaskOptions(made)
  withAskOptions(made)
    .optionsGroup('Output:')
    .option('--json', 'one JSON object a line')
    .option('-q, --quiet', 'no progress, and no word of a balancer that is lost and back')
    .option('-v, --verbose', 'also stacks of errors')
    .option('--no-color', 'accepted as everywhere: nothing has a colour')
  return withHelp(made, examples).action(
    async (words: readonly string[], flags: ClientFlags, self: Command) => {
      await run(readWords(words, self), flags)
    },
  )
}

function withTaskOptions(made: Command): Command {
  return made
    .optionsGroup('Tasks:')
    .addOption(new Option('--random <N>', 'so many tasks by chance').argParser(whole(1, randomMax)))
    .addOption(
      new Option('--over <TIME>', 'spread those over this, instead of one after the other')
        .default(0, '0ms')
        .argParser(duration(0)),
    )
    .addOption(
      new Option('--seed <N>', 'chance begins here (default: elsewhere each time)').argParser(
        whole(0, 4_294_967_295),
      ),
    )
    .addOption(
      new Option('--at-once <N>', 'random tasks at a time').default(16).argParser(whole(1, 512)),
    )
    .addOption(
      new Option('--timeout <TIME>', 'for a task, also while the balancer is lost')
        .default(120_000, '2m')
        .argParser(duration(1)),
    )
}

interface Words {
  readonly address: Address
  /** A line each. */
  readonly tasks: readonly string[]
}

/** A task may be one argument, or a word an argument; an address has a colon, and no task has. */
function readWords(words: readonly string[], self: Command): Words {
  const [first = ''] = words
  const hasAddress = first.includes(':')
  const rest = hasAddress ? words.slice(1) : words
  const isQuoted = rest.some((word) => /\s/.test(word))
  return {
    address: addressOf(hasAddress ? first : usualAddress, self),
    tasks: isQuoted || rest.length === 0 ? rest : [rest.join(' ')],
  }
}

function addressOf(text: string, self: Command): Address {
  try {
    return parseAddress(text)
  } catch (error) {
    self.error(`error: ${(error as Error).message}`)
  }
}

async function run({ address, tasks }: Words, flags: ClientFlags): Promise<void> {
  const { json, quiet, random, timeout } = flags
  const hasTasks = tasks.length > 0 || random !== undefined
  const isPrompt = !hasTasks && !json && process.stdin.isTTY && process.stdout.isTTY
  const style = json ? 'json' : isPrompt ? 'prompt' : tasks.length > 0 ? 'value' : 'lines'
  const where = formatAddress(address)
  let say = (text: string): void => void (quiet || process.stderr.write(`piloti: ${text}\n`))
  const client = await createComputeClient({
    address,
    answerTimeoutMs: timeout,
    onLost: (why, count) => say(`${where} is lost (${why}), trying again; unanswered: ${count}`),
    onBack: (count) => say(`${where} is back; sent again: ${count}`),
  })
  const session = new ComputeSession(client, sessionOptions(address, style, flags))
  try {
    if (isPrompt) {
      const prompt = new ComputePrompt(session)
      say = (text) => prompt.say(text)
      say(`tasks go to ${where}: 'sum 3 4', 'random 200'; 'help' tells the rest`)
      await prompt.run()
    } else {
      const typed = random === undefined ? tasks : [...tasks, `random ${random} ${flags.over}ms`]
      await runLines(hasTasks ? [typed] : linesOf('-'), session)
      process.exitCode = session.exitCode
    }
  } finally {
    client.close()
  }
}

function sessionOptions(
  address: Address,
  style: Style,
  flags: ClientFlags,
): ConstructorParameters<typeof ComputeSession>[1] {
  const { atOnce, json, quiet, seed } = flags
  const isShown = !json && !quiet
  return {
    address,
    asking: flags,
    style,
    atOnce,
    ...(seed !== undefined && { seed }),
    createProgress: isShown ? createProgress : () => silentProgress,
  }
}
