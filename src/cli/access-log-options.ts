import { type Command, Option } from 'commander'
import type { AccessLogOptions } from '../proxy.ts'
import { oneOf, share } from './options.ts'

/** Where each request gets a line, and which one. */
export interface AccessLogFlags {
  readonly accessLog?: string
  readonly accessLogFormat: NonNullable<AccessLogOptions['format']>
  readonly accessLogSample: number
}

/** The names of these flags. */
export const accessLogFlags = ['accessLog', 'accessLogFormat', 'accessLogSample'] as const

export function withAccessLogOptions(command: Command): Command {
  return command
    .optionsGroup('Access log:')
    .addOption(
      new Option('--access-log <FILE>', 'a line for each request; - is standard output').env(
        'PILOTI_ACCESS_LOG',
      ),
    )
    .addOption(
      new Option('--access-log-format <FORMAT>', 'json, combined or timing')
        .default('json')
        .argParser(oneOf(['json', 'combined', 'timing'])),
    )
    .addOption(
      new Option('--access-log-sample <SHARE>', 'so many requests; what went wrong always')
        .default(1, '100%')
        .argParser(share),
    )
}

/** The access log that is asked for. Ends with a usage error when only its form is. */
export function accessLogOf(flags: AccessLogFlags, self: Command): AccessLogOptions | undefined {
  const { accessLog: file, accessLogFormat: format, accessLogSample: sample } = flags
  if (file !== undefined) return { file, format, sample }
  const other = self.options.find((option) => {
    const name = option.attributeName()
    const isForm = name === 'accessLogFormat' || name === 'accessLogSample'
    return isForm && self.getOptionValueSource(name) === 'cli'
  })
  if (other !== undefined) self.error(`error: ${other.long} is for --access-log FILE`)
  return undefined
}
