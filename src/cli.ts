#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { backendCommand } from './cli/backend.ts'
import { checkCommand } from './cli/check.ts'
import { computeCommand } from './cli/compute.ts'
import { exit, exitCodeOf } from './cli/exit.ts'
import { explain } from './cli/explain.ts'
import { withHelp } from './cli/help.ts'
import { proxyCommand } from './cli/proxy.ts'
import { simulateCommand } from './cli/simulate.ts'
import { steeringCommands } from './cli/steer.ts'
import { topCommand } from './cli/top.ts'
import { upCommand } from './cli/up.ts'
import { version } from './cli/version.ts'

const examples = [
  'piloti up                        four π backends behind a proxy on port 8080',
  'piloti proxy :5000 :5001 :5002   balance over servers of your own',
  'piloti backend --listen :5004    one more π backend',
  'piloti proxy --help              all about one command',
]

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read our output has left, as `head` does: nothing went wrong.
  if (error.code === 'EPIPE') process.exit(exit.done)
  process.stderr.write(`piloti: cannot write to standard output: ${error.message}\n`)
  process.exit(exit.failed)
})
// A balancer whose log nobody reads any more, or whose terminal is gone, still balances.
process.stderr.on('error', () => {})

const program = new Command('piloti')
  .description('A load balancer whose strategies you can read, swap and write.')
  .usage('COMMAND [options]')
  .helpCommand('help [command]', 'this text, or that of a command')
  .optionsGroup('Options:')
  .version(version(), '-V, --version', 'the version')
withHelp(program, examples)
const servers = [upCommand(), proxyCommand(), backendCommand()]
const commands = [
  ...servers,
  computeCommand(),
  checkCommand(),
  topCommand(),
  ...steeringCommands(),
  simulateCommand(),
]
for (const command of commands) program.addCommand(command)

try {
  const [word = ''] = process.argv.slice(2)
  const isUnknown =
    /^\w/.test(word) && ![...commands.map((each) => each.name()), 'help'].includes(word)
  // Commander would give the general help for `piloti nonsense --help`.
  await program.parseAsync(isUnknown ? [word] : process.argv.slice(2), { from: 'user' })
} catch (error) {
  // Commander has said its own errors already.
  if (!(error instanceof CommanderError)) process.stderr.write(explain(error, isVerbose()))
  process.exitCode = exitCodeOf(error)
}

function isVerbose(): boolean {
  return process.argv.includes('-v') || process.argv.includes('--verbose')
}
