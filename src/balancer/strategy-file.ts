import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { monotonic } from '../base/clock.ts'
import { PilotiError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Strategy } from '../pool/strategy.ts'
import { guarded } from '../strategies/guarded.ts'
import { createStrategy } from '../strategies/index.ts'
import { roundRobin } from '../strategies/round-robin.ts'
import { importStrategy } from './strategy-module.ts'
import { tryStrategy } from './strategy-trial.ts'

/** Whether `text` is the path of a file, and not a name of the table. */
export const isStrategyFile = (text: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(text)

/** Another text whenever the file is another one; empty for names of the table, and where there is no file. */
export function versionOf(text: string): string {
  if (!isStrategyFile(text)) return ''
  try {
    const { ino, mtimeNs, size } = statSync(resolve(text), { bigint: true })
    return `${mtimeNs}-${size}-${ino}`
  } catch {
    return ''
  }
}

/**
 * A strategy of the table, or the default export of a file: a strategy, or a function that makes one.
 *
 * One from a file is tried in a thread first, and guarded: should it fail, round-robin takes over, and the log
 * says so.
 *
 * @throws PilotiError STRATEGY_UNKNOWN, or STRATEGY_FILE when the file has no strategy.
 */
export async function loadStrategy(text: string, log: Log): Promise<Strategy> {
  if (!isStrategyFile(text)) return createStrategy(text)
  const refused = await strategyFileFault(text)
  if (refused !== '') throw invalid(text, refused)
  const { own, fault } = await importStrategy(hrefOf(text))
  if (fault !== '') throw invalid(text, fault)
  const { name } = own as Strategy
  return guarded(own as Strategy, roundRobin(), {
    now: monotonic,
    onFault: (why) => {
      const sentence = `strategy ${name} of ${text} ${why}: round-robin picks from now on`
      log.error('strategy_fault', sentence, { strategy: name, file: text, reason: why })
    },
  })
}

/** The versions of files that were tried and are well: who checks a file and then loads it tries it once. */
const good = new Map<string, string>()

/** Tries a file. @returns why it cannot be used, for people; empty when it can. */
export async function strategyFileFault(text: string): Promise<string> {
  const version = versionOf(text)
  if (version === '') return 'there is no such file'
  const path = resolve(text)
  if (good.get(path) === version) return ''
  const fault = await tryStrategy(hrefOf(text))
  if (fault === '') good.set(path, version)
  return fault
}

/** Another one whenever the file is another one: it is imported as it is now. */
function hrefOf(text: string): string {
  const url = pathToFileURL(resolve(text))
  url.searchParams.set('version', versionOf(text))
  return url.href
}

function invalid(file: string, why: string): PilotiError {
  return new PilotiError('STRATEGY_FILE', `cannot use strategy file '${file}': ${why}`)
}
