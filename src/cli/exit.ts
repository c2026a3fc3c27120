import { CommanderError } from 'commander'
import { type ErrorCode, PilotiError } from '../base/errors.ts'

/** What the shell sees; the manual is docs/reference/cli.md. */
export const exit: Readonly<
  Record<'done' | 'failed' | 'usage' | 'configuration' | 'listen' | 'unreachable' | 'file', number>
> = {
  done: 0,
  failed: 1,
  usage: 2,
  configuration: 3,
  listen: 4,
  unreachable: 5,
  file: 9,
}

const ofErrors: Partial<Record<ErrorCode, number>> = {
  ADDRESS: exit.usage,
  HEALTH: exit.usage,
  STRATEGY_UNKNOWN: exit.usage,
  STRATEGY_FILE: exit.usage,
  CONFIG: exit.configuration,
  LISTEN: exit.listen,
  WORKLOAD: exit.configuration,
  ACCESS_LOG: exit.file,
  FILE: exit.file,
  ADMIN_REACH: exit.unreachable,
  COMPUTE_REACH: exit.unreachable,
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exit.done : exit.usage
  if (error instanceof PilotiError) return ofErrors[error.code] ?? exit.failed
  return exit.failed
}

export const exitCodesHelp = `Exit codes: 0 done, also a graceful stop; 1 failed; 2 bad usage;
3 invalid configuration; 4 cannot listen; 5 cannot reach the peer; 9 trouble
with a file; 128+n stopped at once by a second signal n`
