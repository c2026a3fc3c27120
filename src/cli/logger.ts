import { pino } from 'pino'
import type { Log, LogFields, LogLevel } from '../base/log.ts'
import { printable } from '../base/printable.ts'

export type LogFormat = 'pretty' | 'json'

export interface LoggerOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly color: boolean
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
const colors: Readonly<Record<LogLevel, string>> = {
  debug: '\u001b[2m',
  info: '\u001b[32m',
  warn: '\u001b[33m',
  error: '\u001b[31m',
}
const plain = '\u001b[0m'

/** A log whose least level can be changed while it is written. */
export type Logger = Log & { level: LogLevel }

/** Writes what happens to stderr: lines for people, or JSON lines for machines. */
export function createLogger(unit: string, options: LoggerOptions): Logger {
  const sink = options.format === 'json' ? jsonSink(unit) : prettySink(unit, options)
  let from = levels.indexOf(options.level)
  const at =
    (level: LogLevel): Log[LogLevel] =>
    (...said) => {
      if (levels.indexOf(level) >= from) sink(level, ...said)
    }
  return {
    ...{ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    get level() {
      return levels[from]!
    },
    set level(level) {
      from = levels.indexOf(level)
    },
  }
}

type Sink = (level: LogLevel, event: string, sentence: string, fields?: LogFields) => void

function jsonSink(unit: string): Sink {
  const logger = pino(
    {
      // What is shown is decided above.
      level: 'debug',
      base: { unit },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    pino.destination({ dest: 2, sync: true }),
  )
  return (at, event, sentence, fields) => logger[at]({ event, ...fields }, sentence)
}

/** `10:32:07 info  proxy  backend 127.0.0.1:5001 is down (connect ECONNREFUSED)` */
function prettySink(unit: string, { color }: LoggerOptions): Sink {
  return (level, _event, sentence) => {
    const time = new Date().toTimeString().slice(0, 8)
    const word = level.padEnd(5)
    const painted = color ? `${colors[level]}${word}${plain}` : word
    process.stderr.write(`${time} ${painted} ${unit.padEnd(7)} ${printable(sentence)}\n`)
  }
}
