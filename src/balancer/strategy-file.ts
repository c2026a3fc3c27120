import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { monotonic } from '../base/clock.ts'
import { PilotiError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { Strategy } from '../pool/strategy.ts'
import { faultOf, guarded } from '../strategies/guarded.ts'
import { createStrategy } from '../strategies/index.ts'
import { roundRobin } from '../strategies/round-robin.ts'

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
 * One from a file is guarded: should it fail, round-robin takes over, and the log says so.
 *
 * @throws PilotiError STRATEGY_UNKNOWN, or STRATEGY_FILE when the file has no strategy.
 */
export async function loadStrategy(text: string, log: Log): Promise<Strategy> {
  if (!isStrategyFile(text)) return createStrategy(text)
  const exported = await importFresh(resolve(text))
  const own = typeof exported === 'function' ? called(exported, text) : exported
  const fault = faultOf(own)
  if (fault !== '') throw invalid(text, `its default export is no strategy: ${fault}`)
  const { name } = own as Strategy
  return guarded(own as Strategy, roundRobin(), {
    now: monotonic,
    onFault: (why) => {
      const sentence = `strategy ${name} of ${text} ${why}: round-robin picks from now on`
      log.error('strategy_fault', sentence, { strategy: name, file: text, reason: why })
    },
  })
}

/** Imports the file as it is now, though it may have been imported before. */
async function importFresh(path: string): Promise<unknown> {
  const version = versionOf(path)
  if (version === '') throw invalid(path, 'there is no such file')
  const url = pathToFileURL(path)
  url.searchParams.set('version', version)
  try {
    const { default: exported } = (await importModule(url.href)) as Module
    // A folder that does not say what its modules are gets CommonJS, which wraps what it exports.
    const isWrapped = typeof exported === 'object' && exported !== null && 'default' in exported
    return isWrapped ? exported.default : exported
  } catch (error) {
    throw invalid(path, error instanceof Error ? error.message : String(error), error)
  }
}

interface Module {
  readonly default?: unknown
}

async function importModule(href: string): Promise<unknown> {
  const isTypeScript = /\.[cm]?ts\?/.test(href)
  // Node 20 does not read TypeScript by itself.
  const { typescript = false } = process.features as { typescript?: unknown }
  const isNative = typescript !== false
  if (!isTypeScript || isNative) return import(href)
  const { tsImport } = await import('tsx/esm/api')
  return tsImport(href, import.meta.url)
}

function called(make: unknown, text: string): unknown {
  try {
    return (make as () => unknown)()
  } catch (error) {
    throw invalid(text, `its default export threw: ${(error as Error).message}`, error)
  }
}

function invalid(file: string, why: string, cause?: unknown): PilotiError {
  return new PilotiError('STRATEGY_FILE', `cannot use strategy file '${file}': ${why}`, { cause })
}
