#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { backendCommand } from './cli/backend.ts'
import { exit, exitCodeOf } from './cli/exit.ts'
import { proxyCommand } from './cli/proxy.ts'
import { upCommand } from './cli/up.ts'

const examples = `
Examples:
  piloti up                        four π backends behind a proxy on port 8080
  piloti proxy :5000 :5001 :5002   balance over servers of your own
  piloti backend --listen :5004    one more π backend

Each command has its own --help.`

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever read our output has left, as `head` does: nothing went wrong.
  if (error.code === 'EPIPE') process.exit(exit.done)
  throw error
})

const program = new Command('piloti')
  .description('A load balancer whose strategies you can read, swap and write.')
  .version(version(), '-V, --version')
  .addHelpText('after', examples)
for (const command of [upCommand(), proxyCommand(), backendCommand()]) {
  program.addCommand(
    command
      .exitOverride()
      .showHelpAfterError(`see piloti ${command.name()} --help`)
      .helpOption('-h, --help', 'this text'),
  )
}
program.exitOverride().showHelpAfterError('see piloti --help')

try {
  await program.parseAsync()
} catch (error) {
  // Commander has said its own errors already.
  if (!(error instanceof CommanderError)) explain(error)
  process.exitCode = exitCodeOf(error)
}

function explain(error: unknown): void {
  const isVerbose = process.argv.includes('-v') || process.argv.includes('--verbose')
  const text = error instanceof Error && isVerbose ? error.stack : (error as Error).message
  process.stderr.write(`piloti: ${text}\n`)
}

function version(): string {
  // Built, this file is in dist/src; in development it is in src.
  const here = import.meta.url
  const root = here.endsWith('.ts') ? '../package.json' : '../../package.json'
  return JSON.parse(readFileSync(new URL(root, here), 'utf8')).version
}
