import { Command } from 'commander'
import { printable } from '../base/printable.ts'
import type { Checked, Problem } from '../config.ts'
import { exit } from './exit.ts'
import { withHelp } from './help.ts'

interface CheckFlags {
  readonly config?: string
  readonly json?: boolean
  readonly schema?: boolean
  readonly resolve: boolean
}

const usualFile = 'piloti.yaml'

const about = [
  'Checks a configuration file: says every problem with its line and column, and what to write instead, or else what the file describes.',
  `FILE is ${usualFile} unless it is given; - is standard input.`,
].join('\n\n')

const examples = [
  'piloti check',
  'piloti check --no-resolve staging.yaml',
  'piloti check --schema >piloti.schema.json',
]

export function checkCommand(): Command {
  const command = new Command('check')
    .summary('find what is wrong with a configuration file')
    .description(about)
    .usage('[options] [FILE]')
    .argument('[FILE]', 'the file to check')
    .optionsGroup('Options:')
    .option('-c, --config <FILE>', 'the same, as for piloti proxy')
    .option('--no-resolve', 'do not look up the names of hosts')
    .option('--json', 'the problems as one JSON document on standard output')
    .option('--schema', 'print the JSON Schema of such files instead')
  return withHelp(command, examples).action(
    async (argument: string | undefined, flags: CheckFlags, self: Command) => {
      if (argument !== undefined && flags.config !== undefined) {
        self.error('error: FILE and --config are the same: give one')
      }
      // What reads the file takes as long to load as Node itself; only this command needs it here.
      const config = await import('../config.ts')
      if (flags.schema) return end(document(await config.configSchema()), exit.done)
      const file = argument ?? flags.config ?? usualFile
      const checked = await config.checkConfig(file, { resolveNames: flags.resolve })
      const { configuration, problems } = checked
      const code = configuration === undefined ? exit.configuration : exit.done
      if (flags.json) return end(document({ file, problems }), code)
      const name = config.nameOf(file)
      const lines = problems.map((problem) => config.formatProblem(name, problem))
      if (configuration !== undefined) lines.push(...config.summarize(configuration))
      process.stderr.write(tally(name, checked))
      return end(lines.map((line) => `${printable(line)}\n`).join(''), code)
    },
  )
}

const document = (value: object): string => `${JSON.stringify(value, null, 2)}\n`

/** `piloti: piloti.yaml has 2 errors and 1 warning`; nothing for a file that is well. */
function tally(name: string, { problems }: Checked): string {
  const counted = (['error', 'warning'] as const).flatMap((severity) => {
    const count = problems.filter((problem: Problem) => problem.severity === severity).length
    return count === 0 ? [] : [`${count} ${severity}${count === 1 ? '' : 's'}`]
  })
  return counted.length === 0 ? '' : `piloti: ${name} has ${counted.join(' and ')}\n`
}

/** Ends at once when all is said: a name server that does not answer would keep the process for long. */
function end(said: string, code: number): Promise<never> {
  return new Promise(() => {
    // Whoever listens for errors of stdout ends a write that failed.
    process.stdout.write(said, (error) => void (error ?? process.exit(code)))
  })
}
