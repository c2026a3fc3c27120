import { Command } from 'commander'
import { computeClientCommand } from './compute-client.ts'
import { computeWorkerCommand } from './compute-worker.ts'
import { withHelp } from './help.ts'

const examples = [
  'piloti compute worker --listen :61001',
  'piloti proxy --mode lines --listen :60002 :61001 :61002',
  "piloti compute client 'sum 3 4'",
]

/** Tasks over lines: who does them, and who asks for them. */
export function computeCommand(): Command {
  const command = new Command('compute')
    .summary('tasks over lines: workers and clients')
    .description('Does tasks, and asks for them, as lines of text or JSON-RPC.')
    .usage('COMMAND [options]')
    .helpCommand(false)
    .optionsGroup('Options:')
  for (const sub of [computeWorkerCommand(), computeClientCommand()]) {
    command.addCommand(sub.showHelpAfterError(`see piloti compute ${sub.name()} --help`))
  }
  return withHelp(command, examples)
}
