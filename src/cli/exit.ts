import { CommanderError } from 'commander'
import { type ErrorCode, PilotiError } from '../base/errors.ts'

/** What the shell sees; the manual is docs/reference/cli.md. */
export const exit: Readonly<
  Record<'done' | 'failed' | 'usage' | 'configuration' | 'listen', number>
> = {
  done: 0,
  failed: 1,
  usage: 2,
  configuration: 3,
  listen: 4,
}

const ofErrors: Partial<Record<ErrorCode, number>> = {
  ADDRESS: exit.usage,
  HEALTH: exit.usage,
  STRATEGY_UNKNOWN: exit.usage,
  STRATEGY_FILE: exit.usage,
  LISTEN: exit.listen,
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exit.done : exit.usage
  if (error instanceof PilotiError) return ofErrors[error.code] ?? exit.failed
  return exit.failed
}

export const exitCodesHelp = `Exit codes: 0 done, also a graceful stop; 1 failed; 2 bad usage;
4 cannot listen; 128+n stopped at once by a second signal n`
