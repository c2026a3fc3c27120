import type { BackendEdit, BalancerSpec } from './balancer.ts'
import type { Address } from './base/address.ts'
import { PilotiError } from './base/errors.ts'
import type { LogLevel } from './base/log.ts'
import { absolute, absoluteLog, specOf } from './config/describe.ts'
import { type Examined, examine } from './config/examine.ts'
import { formatProblem, type Problem } from './config/problem.ts'
import { summaryOf } from './config/summary.ts'
import { watchFile } from './discovery/watched-file.ts'
import type { AccessLogOptions } from './proxy.ts'

export type { Problem }
export { formatProblem }

/** What a file describes. What it does not say is undefined, and left to whoever runs it. */
export interface Configuration {
  /** As it was given; `-` is standard input. */
  readonly file: string
  /** Of the file as it was read; `watchConfig` compares with it. Empty for standard input. */
  readonly signature: string
  readonly spec: BalancerSpec
  readonly admin?: Address | 'off'
  readonly log?: { readonly level?: LogLevel; readonly format?: 'pretty' | 'json' }
  readonly accessLog?: AccessLogOptions
  /** How long a stop waits for work under way. */
  readonly graceMs?: number
  /** What may be wrong, but keeps nothing from running. */
  readonly warnings: readonly Problem[]
}

/** What there is to say about a file. */
export interface Checked {
  readonly file: string
  /** Errors and warnings, in the order of the file. */
  readonly problems: readonly Problem[]
  /** Undefined when there is an error. */
  readonly configuration: Configuration | undefined
}

export interface CheckOptions {
  /** Also look up every name that the file has; false by default. */
  readonly resolveNames?: boolean
}

/**
 * Reads the file of a balancer: `-` is standard input.
 *
 * @throws PilotiError CONFIG with every problem of the file; `problemsOf` has them one by one.
 */
export async function loadConfig(path: string): Promise<Configuration> {
  const { configuration, problems } = await checkConfig(path)
  if (configuration !== undefined) return configuration
  const name = nameOf(path)
  const errors = problems.filter(({ severity }) => severity === 'error')
  const lines = errors.map((problem) => formatProblem(name, problem))
  throw new PilotiError('CONFIG', lines.join('\n'), { cause: problems })
}

/** Finds all that is wrong with a file. Never rejects for what is in it, or that there is none. */
export async function checkConfig(path: string, options: CheckOptions = {}): Promise<Checked> {
  const examined = await examine(path, options.resolveNames === true)
  const { problems } = examined
  return { file: path, problems, configuration: configurationOf(path, examined) }
}

function configurationOf(
  path: string,
  { signature, folder, model, problems }: Examined,
): Configuration | undefined {
  if (model === undefined) return undefined
  const { accessLog, admin, grace, log } = model.file
  return {
    file: path,
    signature,
    spec: specOf(model, folder),
    ...(admin !== undefined && { admin: admin === 'off' ? admin : absolute(admin, folder) }),
    ...(log !== undefined && { log }),
    ...(accessLog !== undefined && { accessLog: absoluteLog(accessLog, folder) }),
    ...(grace !== undefined && { graceMs: grace }),
    warnings: problems,
  }
}

/** The problems that `loadConfig` found; none for any other error. */
export function problemsOf(error: unknown): readonly Problem[] {
  const isOurs = error instanceof PilotiError && error.code === 'CONFIG'
  return isOurs && Array.isArray(error.cause) ? error.cause : []
}

/** What a file is called in messages. */
export function nameOf(path: string): string {
  return path === '-' ? 'standard input' : path
}

/**
 * Tells when the file has changed and stands still, however that was done; `loadConfig` says to what.
 *
 * @param known what was loaded of it; a change since then is told too.
 * @returns what ends it. Nothing of it keeps the process alive.
 */
export function watchConfig(path: string, changed: () => void, known?: Configuration): () => void {
  if (path === '-') return () => {}
  return watchFile(path, changed, known && { signature: known.signature })
}

/** What a file may hold, for editors: JSON Schema 2020-12. */
export async function configSchema(): Promise<object> {
  const { jsonSchema } = await import('./config/schema.ts')
  return jsonSchema()
}

/** What a configuration describes, in lines for people. */
export function summarize({ spec }: Configuration): readonly string[] {
  return summaryOf(spec)
}

/**
 * Writes a change of one backend into the file; its comments stay.
 *
 * @throws PilotiError CONFIG when it is too intricate for that or would be wrong, FILE when it cannot be written.
 */
export async function editConfig(path: string, edit: BackendEdit): Promise<void> {
  const { saveEdit } = await import('./config/edit.ts')
  await saveEdit(path, edit, loadConfig)
}
