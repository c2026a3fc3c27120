import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Address, parseAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import type { Log, LogLevel } from '../base/log.ts'
import { parseDuration, parseShare } from '../base/units.ts'
import { parseBackend } from '../discovery/static.ts'
import type { BackendSpec } from '../pool/backend.ts'
import { createStrategy, strategies } from '../strategies/index.ts'
import { createLogger, type LogFormat } from './logger.ts'

/** What every command takes. */
export interface CommonOptions {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
  readonly color: boolean
}

/** What every server takes besides. */
export interface ServerOptions extends CommonOptions {
  readonly logLevel: LogLevel
  readonly logFormat?: LogFormat
  readonly grace: number
}

/** Adds what every server takes. */
export function withServerOptions(command: Command): Command {
  return withCommonOptions(
    command
      .addOption(
        new Option('--grace <DURATION>', 'how long a stop waits for work under way')
          .env('PILOTI_GRACE')
          .default(30_000, '30s')
          .argParser(duration),
      )
      .addOption(
        new Option('--log-level <LEVEL>', 'least important messages to show')
          .env('PILOTI_LOG_LEVEL')
          .choices(['debug', 'info', 'warn', 'error'])
          .default('info'),
      )
      .addOption(
        new Option('--log-format <FORMAT>', 'pretty on a terminal, json elsewhere')
          .env('PILOTI_LOG_FORMAT')
          .choices(['pretty', 'json']),
      ),
  )
}

function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'results as JSON on standard output')
    .option('-q, --quiet', 'errors only')
    .option('-v, --verbose', 'also what is retried, and stacks of errors')
    .option('--no-color', 'no colours (also: NO_COLOR)')
}

export function strategyOption(): Option {
  return new Option('-s, --strategy <NAME>', `one of ${Object.keys(strategies).join(', ')}`)
    .env('PILOTI_STRATEGY')
    .default('round-robin')
    .argParser((name) => {
      usage(() => createStrategy(name))
      return name
    })
}

export function listenOption(fallback: string): Option {
  return new Option('-l, --listen <ADDR>', 'where to listen: HOST:PORT, :PORT or unix:/PATH')
    .env('PILOTI_LISTEN')
    .default(parseAddress(fallback), fallback)
    .argParser(address)
}

export const address = (text: string): Address => usage(() => parseAddress(text))

/** For a variadic argument: each call adds one. */
export const backends = (text: string, before: readonly BackendSpec[] = []): BackendSpec[] => [
  ...before,
  usage(() => parseBackend(text)),
]

export function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError('Write 20ms, 1.5s, 10m or 1h.')
  return ms
}

export function share(text: string): number {
  const value = parseShare(text)
  if (value === undefined) throw new InvalidArgumentError('Write 1% or 0.01.')
  return value
}

/** A whole number within bounds, both included. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`)
  }
}

export function logOf(unit: string, options: ServerOptions): Log {
  const { logLevel, logFormat, quiet, verbose, color } = options
  const isTerminal = process.stderr.isTTY === true
  return createLogger(unit, {
    level: quiet ? 'error' : verbose ? 'debug' : logLevel,
    format: logFormat ?? (isTerminal ? 'pretty' : 'json'),
    color: color && isTerminal && !process.env.NO_COLOR,
  })
}

function usage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof PilotiError) throw new InvalidArgumentError(`${error.message}.`)
    throw error
  }
}
