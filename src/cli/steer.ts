import { resolve } from 'node:path'
import { Command, Argument as CommandArgument, InvalidArgumentError } from 'commander'
import { type BalancerView, isStrategyFile } from '../balancer.ts'
import { type ErrorCode, PilotiError } from '../base/errors.ts'
import { printable } from '../base/printable.ts'
import { isWeight, weightMax } from '../pool/backend.ts'
import { withAskOptions } from './admin-options.ts'
import { type Answer, type Asking, ask } from './ask.ts'
import { exit, exitCodeOf } from './exit.ts'
import { withHelp } from './help.ts'
import { oneOf } from './options.ts'
import { statusTable } from './status-table.ts'

interface SteerFlags extends Asking {
  readonly pool?: string
  readonly persist?: boolean
  readonly json?: boolean
}

/** `status`, and one command for each order. */
export function steeringCommands(): Command[] {
  return [status(), ...orders.map(command)]
}

interface Order {
  readonly name: string
  readonly summary: string
  readonly about: string
  readonly args: readonly Argument[]
  /** `/NAME` by default. */
  readonly path?: string
  readonly examples: readonly string[]
  /** The JSON that says what is wanted. */
  readonly body: (...args: unknown[]) => object
}

/** Made anew for each command: Commander keeps what was given. */
type Argument = () => CommandArgument

const backend: Argument = () => new CommandArgument('<BACKEND>', 'HOST:PORT, :PORT or unix:/PATH')
const note: Argument = () => new CommandArgument('[NOTE]', 'what for, for whoever looks')
const level: Argument = () =>
  new CommandArgument('<LEVEL>', 'debug, info, warn or error').argParser(
    oneOf(['debug', 'info', 'warn', 'error']),
  )
const strategy: Argument = () => new CommandArgument('<STRATEGY>', 'a name, or a file')
const weight: Argument = () =>
  new CommandArgument('<WEIGHT>', 'a number above 0').argParser(weightOf)

const orders: readonly Order[] = [
  {
    name: 'drain',
    summary: 'give a backend no more work',
    about: 'Gives a backend no more work; what it has, it finishes.',
    args: [backend],
    examples: ['piloti drain :5001'],
    body: (id) => ({ backend: id }),
  },
  {
    name: 'ready',
    summary: 'give it work again',
    about: 'Gives a backend work again that was drained.',
    args: [backend],
    examples: ['piloti ready :5001'],
    body: (id) => ({ backend: id }),
  },
  {
    name: 'maintenance',
    summary: 'drain a backend, and say what for',
    about: 'Gives a backend no more work until it is ready again; status shows what for.',
    args: [backend, note],
    examples: ["piloti maintenance :5001 'new disk, back at noon'"],
    body: (id, text) => ({ backend: id, ...(text !== undefined && { note: text }) }),
  },
  {
    name: 'weight',
    summary: 'change the weight of a backend',
    about: 'Gives a backend another weight, until it is given another one again.',
    args: [backend, weight],
    examples: ['piloti weight :5001 3'],
    body: (id, to) => ({ backend: id, weight: to }),
  },
  {
    name: 'add',
    summary: 'add a backend',
    about: 'Adds a backend, until the configuration says otherwise about it.',
    args: [backend],
    examples: ['piloti add :5004', "piloti add ':5004;weight=3'"],
    body: (id) => ({ backend: id }),
  },
  {
    name: 'remove',
    summary: 'take a backend out',
    about:
      'Takes a backend out, until the configuration says otherwise about it; what it has, it finishes.',
    args: [backend],
    examples: ['piloti remove :5004'],
    body: (id) => ({ backend: id }),
  },
  {
    name: 'strategy',
    summary: 'pick in another way',
    about:
      'Picks with another strategy, until the configuration says otherwise; all counters are kept.',
    args: [strategy],
    examples: ['piloti strategy least-connections', 'piloti strategy ./mine.ts'],
    // Where piloti runs, a relative path may mean another file.
    body: (name) => ({ strategy: isStrategyFile(String(name)) ? resolve(String(name)) : name }),
  },
  {
    name: 'reload',
    summary: 'read the configuration again',
    about:
      'Reads the configuration file again and changes what is different, all or nothing. Ends with 3, and says why, when the file is wrong: everything goes on as before.',
    args: [],
    examples: ['piloti reload'],
    body: () => ({}),
  },
  {
    name: 'log-level',
    path: '/log',
    summary: 'show more or less in the log',
    about: 'Shows more or less in the log of a running piloti, until its next start.',
    args: [level],
    examples: ['piloti log-level debug'],
    body: (least) => ({ level: least }),
  },
]

/** Of the whole piloti, not of a pool. */
const ofAll: ReadonlySet<string> = new Set(['reload', 'log-level'])

/** Can be written into the configuration. */
const ofFiles: ReadonlySet<string> = new Set(['drain', 'ready', 'weight', 'add', 'remove'])

function command(order: Order): Command {
  const { name, path = `/${name}`, summary, about, args, examples, body } = order
  const made = new Command(name).summary(summary).description(about)
  for (const argument of args) made.addArgument(argument())
  const isOfPool = !ofAll.has(name)
  if (ofFiles.has(name)) made.option('--persist', 'also write it into the configuration file')
  return withHelp(withSteerOptions(made, isOfPool), examples).action(
    async (...given: unknown[]) => {
      const flags = given[args.length] as SteerFlags
      const said = body(...given.slice(0, args.length))
      const pool = flags.pool === undefined ? {} : { pool: flags.pool }
      const persist = flags.persist === undefined ? {} : { persist: true }
      const answer = await ask(flags, 'POST', path, { ...said, ...pool, ...persist })
      say(answer, flags, sentenceOf)
      if (name === 'reload' && ofFile.has(answer.body.code)) process.exitCode = exit.configuration
    },
  )
}

/** What is wrong with a file that is read again is not this command's usage. */
const ofFile: ReadonlySet<unknown> = new Set<ErrorCode>([
  ...(['ADDRESS', 'HEALTH', 'STRATEGY_UNKNOWN', 'STRATEGY_FILE', 'DISCOVERY'] as const),
  'ADMIN_ORDER',
])

function status(): Command {
  const examples = ['piloti status', 'piloti status --json', 'watch piloti status']
  const made = new Command('status')
    .summary('what a running piloti does')
    .description('Shows the listeners, pools and backends of a running piloti.')
  return withHelp(withSteerOptions(made, false), examples).action(async (flags: SteerFlags) => {
    const answer = await ask(flags, 'GET', '/status')
    say(answer, flags, (body) => statusTable(body as unknown as BalancerView))
  })
}

function withSteerOptions(made: Command, isOfPool: boolean): Command {
  withAskOptions(made).option('--json', 'the answer as JSON on standard output')
  return isOfPool ? made.option('--pool <NAME>', 'which pool, if there are several') : made
}

function say(
  { status: code, body }: Answer,
  { json }: SteerFlags,
  words: (body: Record<string, unknown>) => string,
): void {
  if (code === 200) return void console.log(json ? JSON.stringify(body, null, 2) : words(body))
  if (json) console.log(JSON.stringify(body, null, 2))
  process.stderr.write(`piloti: ${printable(String(body.message))}\n`)
  process.exitCode = exitCodeOf(new PilotiError(body.code as ErrorCode, String(body.message)))
}

function sentenceOf(body: Record<string, unknown>): string {
  const { changes, fullWeight, id, health, level: least, reason } = body
  if (least !== undefined) return `the log shows ${least} and above`
  if (Array.isArray(changes))
    return changes.length === 0 ? 'nothing is different' : changes.join('\n')
  const why = reason ? ` (${reason})` : ''
  return `backend ${id} is ${health}${why}, weight ${fullWeight}`
}

function weightOf(text: string): number {
  const weight = Number(text)
  if (isWeight(weight)) return weight
  const wanted = `a number from 0.000001 to ${weightMax} wanted`
  throw new InvalidArgumentError(`'${text}' is no weight: ${wanted}`)
}
