import { type Command, InvalidArgumentError, Option } from 'commander'
import { isStrategyFile } from '../balancer.ts'
import { parseAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import type { LogLevel } from '../base/log.ts'
import { suggest } from '../base/suggest.ts'
import { parseDuration, parseShare, parseSize } from '../base/units.ts'
import { wires } from '../codecs/wire.ts'
import { parseBackend } from '../discovery/static.ts'
import type { BackendSpec } from '../pool/backend.ts'
import { createStrategy, strategies } from '../strategies/index.ts'
import { createLogger, type LogFormat, type Logger } from './logger.ts'

/** What every server takes. */
export interface ServerOptions {
  readonly json?: boolean
  readonly quiet?: boolean
  readonly verbose?: boolean
  readonly color: boolean
  readonly logLevel: LogLevel
  readonly logFormat?: LogFormat
  readonly grace: number
}

/** Adds what every server takes. */
export function withServerOptions(command: Command): Command {
  return command
    .optionsGroup('Stopping:')
    .addOption(
      new Option('--grace <TIME>', 'how long a stop waits for work under way')
        .env('PILOTI_GRACE')
        .default(30_000, '30s')
        .argParser(duration(0)),
    )
    .optionsGroup('Output:')
    .addOption(
      new Option('--log-level <LEVEL>', 'debug, info, warn or error: the least to show')
        .env('PILOTI_LOG_LEVEL')
        .default('info')
        .argParser(oneOf(['debug', 'info', 'warn', 'error'])),
    )
    .addOption(
      new Option('--log-format <FORMAT>', 'pretty or json (default pretty on a terminal)')
        .env('PILOTI_LOG_FORMAT')
        .argParser(oneOf(['pretty', 'json'])),
    )
    .option('--json', 'where it listens, as JSON on standard output')
    .option('-q, --quiet', 'errors only')
    .option('-v, --verbose', 'also what is retried, and stacks of errors')
    .option('--no-color', 'no colours (also: NO_COLOR)')
}

export function strategyOption(): Option {
  const known = Object.keys(strategies).join(', ')
  return new Option('-s, --strategy <NAME>', `${known}, or a file: ./mine.ts`)
    .env('PILOTI_STRATEGY')
    .default('round-robin')
    .argParser((name) => (isStrategyFile(name) ? name : usage(() => createStrategy(name)).name))
}

export function listenOption(fallback: string): Option {
  return new Option('-l, --listen <ADDR>', 'HOST:PORT, :PORT or unix:/PATH; port 0: any free one')
    .env('PILOTI_LISTEN')
    .default(parseAddress(fallback), fallback)
    .argParser((text) => usage(() => parseAddress(text)))
}

export function wireOption(): Option {
  return new Option('--wire <WIRE>', 'lines, or the words of the original system: original')
    .default('lines')
    .argParser(oneOf(wires))
}

export function backend(text: string): BackendSpec {
  const spec = usage(() => parseBackend(text))
  if (!('path' in spec.address) && spec.address.port === 0) {
    throw new InvalidArgumentError(`'${text}' has port 0: nobody can connect to that`)
  }
  return spec
}

/** Long enough for anyone; Node's timers do not wait at all beyond 2³¹ ms, some 24 days. */
const longestMs = 24 * 3_600_000

/** A length of time, in milliseconds. */
export function duration(leastMs: number): (text: string) => number {
  return (text) => {
    const ms = parseDuration(text)
    if (ms === undefined) {
      throw new InvalidArgumentError(`'${text}' is no length of time: write 20ms, 1.5s, 10m or 1h`)
    }
    if (ms >= leastMs && ms <= longestMs) return ms
    throw new InvalidArgumentError(`'${text}' is out of range: from ${leastMs}ms to 24h`)
  }
}

/** A number of bytes within bounds, both included. */
export function sizeWithin(least: number, most: number): (text: string) => number {
  return (text) => {
    const bytes = size(text)
    if (bytes >= least && bytes <= most) return bytes
    throw new InvalidArgumentError(`'${text}' is out of range: from ${least} to ${most} bytes`)
  }
}

/** A number of bytes. */
export function size(text: string): number {
  const bytes = parseSize(text)
  if (bytes === undefined) {
    throw new InvalidArgumentError(`'${text}' is no size: write 512, 64k, 10m or 1g`)
  }
  return bytes
}

export function share(text: string): number {
  const value = parseShare(text)
  if (value === undefined) {
    throw new InvalidArgumentError(`'${text}' is no share: write 1% or 0.01, at most 100%`)
  }
  return value
}

/** A whole number within bounds, both included. */
export function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= least && value <= most) return value
    throw new InvalidArgumentError(`'${text}' is not a whole number from ${least} to ${most}`)
  }
}

/** One of the `known` words. */
export function oneOf<W extends string>(known: readonly W[]): (text: string) => W {
  return (text) => {
    const word = known.find((candidate) => candidate === text)
    if (word !== undefined) return word
    const nearest = suggest(text, known)
    const hint = nearest === undefined ? '' : ` (did you mean ${nearest}?)`
    throw new InvalidArgumentError(`unknown '${text}': one of ${known.join(', ')}${hint}`)
  }
}

export function logOf(unit: string, options: ServerOptions): Logger {
  const { logLevel, logFormat, quiet, verbose, color } = options
  const isTerminal = process.stderr.isTTY === true
  return createLogger(unit, {
    level: quiet ? 'error' : verbose ? 'debug' : logLevel,
    format: logFormat ?? (isTerminal ? 'pretty' : 'json'),
    color: color && isTerminal && !process.env.NO_COLOR,
  })
}

/** Says what is wrong with a value as Commander says it. */
export function usage<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof PilotiError) throw new InvalidArgumentError(error.message)
    throw error
  }
}
