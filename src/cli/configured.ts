import type { Command } from 'commander'
import type { BackendEdit, BalancerSpec } from '../balancer.ts'
import { PilotiError } from '../base/errors.ts'
import type { Configuration } from '../config.ts'
import { type AccessLogFlags, accessLogFlags } from './access-log-options.ts'
import { type ProxyFlags, runningOptions } from './flagged.ts'
import type { Logger } from './logger.ts'
import type { Target } from './pool-options.ts'
import { type Running, startRunning } from './running.ts'

/** What a file describes, ready to be started. */
export interface Configured {
  /** With what the file says where no flag does. */
  readonly flags: ProxyFlags
  start(log: Logger): Promise<Running>
}

/** Flags that go with a file: how it runs, not what. */
const besides = new Set([
  ...['config', 'admin', 'adminToken', 'grace', 'json'],
  ...accessLogFlags,
  ...['logLevel', 'logFormat', 'quiet', 'verbose', 'color'],
])

/** What a flag says of balancing, a file says better. Ends with a usage error when both are given. */
export function refuseBeside(file: string, wanted: readonly Target[], self: Command): void {
  if (wanted.length > 0) {
    self.error(`error: BACKENDs and --config ${file} are too much: name them in the file`)
  }
  for (const option of self.options) {
    const name = option.attributeName()
    const source = self.getOptionValueSource(name)
    if (besides.has(name) || source !== 'cli') continue
    self.error(`error: ${option.long} and --config ${file} are too much: say it in the file`)
  }
}

/** @throws PilotiError CONFIG with every problem of the file. */
export async function readConfiguration(
  file: string,
  given: ProxyFlags,
  self: Command,
): Promise<Configured> {
  const { editConfig, loadConfig, watchConfig } = await import('../config.ts')
  const first = await loadConfig(file)
  const flags = completed(given, first, self)
  const { isAdminWanted, ...options } = runningOptions(flags, self)
  return {
    flags,
    start(log) {
      const tellWarnings = ({ warnings }: Configuration): void => {
        for (const { message, line } of warnings) {
          log.warn('config_warning', `${file}:${line}: ${message}`, { file, line })
        }
      }
      let known: Configuration | undefined = first
      const loadAgain = (): Promise<Configuration> => {
        if (file !== '-') return loadConfig(file)
        throw new PilotiError('CONFIG', 'standard input cannot be read again')
      }
      const describe = async (): Promise<BalancerSpec> => {
        const next = known ?? (await loadAgain())
        known = undefined
        tellWarnings(next)
        if (ofProcess(next) !== ofProcess(first)) {
          const sentence = 'admin, log, accessLog and grace are as they were until a new start'
          log.warn('restart_needed', `${file}: ${sentence}`, { file })
        }
        return next.spec
      }
      const isWanted = isAdminWanted || first.admin !== undefined
      const watched = {
        name: file,
        watch: (changed: () => void) => watchConfig(file, changed, first),
        edit: (edit: BackendEdit) => editConfig(file, edit),
      }
      return startRunning(describe, { ...options, isAdminWanted: isWanted, file: watched }, log)
    },
  }
}

/** What a reload leaves alone. */
const ofProcess = ({ accessLog, admin, graceMs, log }: Configuration): string =>
  JSON.stringify([admin, graceMs, log?.level, log?.format, accessLog])

/** A flag or a variable goes before the file, the file before a default. */
function completed(given: ProxyFlags, configuration: Configuration, self: Command): ProxyFlags {
  const { accessLog, admin, graceMs, log } = configuration
  const isOpen = (name: string): boolean =>
    [undefined, 'default'].includes(self.getOptionValueSource(name))
  return {
    ...given,
    ...(admin !== undefined && isOpen('admin') && { admin }),
    ...(accessLog !== undefined && completedLog(accessLog, isOpen)),
    ...(graceMs !== undefined && isOpen('grace') && { grace: graceMs }),
    ...(log?.level !== undefined && isOpen('logLevel') && { logLevel: log.level }),
    ...(log?.format !== undefined && isOpen('logFormat') && { logFormat: log.format }),
  }
}

function completedLog(
  { file, format, sample }: NonNullable<Configuration['accessLog']>,
  isOpen: (name: string) => boolean,
): Partial<AccessLogFlags> {
  return {
    ...(isOpen('accessLog') && { accessLog: file }),
    ...(format !== undefined && isOpen('accessLogFormat') && { accessLogFormat: format }),
    ...(sample !== undefined && isOpen('accessLogSample') && { accessLogSample: sample }),
  }
}
