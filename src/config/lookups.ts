import { lookup, Resolver } from 'node:dns/promises'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { isStrategyFile, strategyFileFault } from '../balancer.ts'
import { systemCode } from '../base/errors.ts'
import { shown } from '../base/printable.ts'
import { parseBackendsFile } from '../discovery/backends-file.ts'
import { isKnownHost } from '../discovery/host.ts'
import { takeSnapshot } from '../discovery/snapshot.ts'
import type { Model } from './model.ts'
import type { Finding, Path } from './problem.ts'

const usualPort = 80

/** Whether the files that the file names exist and can be used. A strategy is tried. */
export async function missingFiles(model: Model, folder: string): Promise<Finding[]> {
  const looks = model.pools.flatMap((pool) => {
    const { strategy, discover = [] } = pool.keys
    const path = pool.at('discover')
    return [
      ...(strategy !== undefined && isStrategyFile(strategy)
        ? [strategyFile(strategy, pool.at('strategy'), folder)]
        : []),
      ...discover.flatMap((source, i) =>
        'file' in source ? [backendsFile(source, [...path, i, 'file'], folder)] : [],
      ),
    ]
  })
  return (await Promise.all(looks)).flat()
}

async function strategyFile(strategy: string, path: Path, folder: string): Promise<Finding[]> {
  const full = resolve(folder, strategy)
  const found = await stat(full).catch(() => undefined)
  if (!found?.isFile()) {
    const message = `there is no file '${shown(full)}' for this strategy`
    return [{ path, message, suggestion: 'paths are relative to the folder of this file' }]
  }
  const fault = await strategyFileFault(full)
  return fault === ''
    ? []
    : [{ path, message: `cannot use strategy file '${shown(full)}': ${fault}` }]
}

/** A warning: at run time, what is missing may still come. */
async function backendsFile(
  { file, port = usualPort }: { readonly file: string; readonly port?: number },
  path: Path,
  folder: string,
): Promise<Finding[]> {
  const full = resolve(folder, file)
  const snapshot = await takeSnapshot(full)
  if (snapshot === undefined) return []
  const { fault, text } = snapshot
  const { faults, specs } = parseBackendsFile(text, port)
  const [first] = faults
  const wrong = first === undefined ? 'it lists no backend' : `line ${first.line}: ${first.message}`
  const isGood = fault === '' && first === undefined && specs.length > 0
  if (isGood) return []
  const message = `cannot use file '${shown(full)}': ${fault || wrong}`
  return [{ path, severity: 'warning', message }]
}

/** All names share this time: they are looked up together. */
const lookupTimeoutMs = 2_000

/** Names that the system, or the name server that is given, does not know. */
export async function unresolvable(model: Model): Promise<Finding[]> {
  const names = new Map<string, { readonly paths: Path[]; readonly look: () => Promise<unknown> }>()
  const ask = (id: string, path: Path, look: () => Promise<unknown>): void => {
    const known = names.get(id)
    if (known === undefined) names.set(id, { paths: [path], look })
    else known.paths.push(path)
  }
  // What discovery takes as it is, nobody has to know.
  const askHost = (host: string, path: Path): void => {
    if (!isKnownHost(host)) ask(host, path, () => lookup(host))
  }
  for (const listener of model.listeners) {
    const { listen } = listener.keys
    if (listen !== undefined && 'host' in listen) askHost(listen.host, listener.at('listen'))
  }
  for (const pool of model.pools) {
    const { backends = [], discover = [] } = pool.keys
    for (const [i, { address }] of backends.entries()) {
      if ('host' in address) askHost(address.host, [...pool.at('backends'), i])
    }
    for (const [i, source] of discover.entries()) {
      if ('file' in source) continue
      const [kind, name] = 'dns' in source ? ['dns', source.dns] : ['srv', source.srv]
      const path = [...pool.at('discover'), i, kind!]
      if (kind === 'dns' && (source.server === undefined || isKnownHost(name!)))
        askHost(name!, path)
      else ask(`${kind} ${name} ${source.server}`, path, () => query(kind!, name!, source.server))
    }
  }
  const findings = [...names.values()].map(async ({ paths, look }) => {
    const fault = await within(look())
    return paths.flatMap((path) => (fault === undefined ? [] : [{ path, message: fault }]))
  })
  const messages = (await Promise.all(findings)).flat()
  return messages.map((finding) => ({ ...finding, suggestion: '--no-resolve looks nothing up' }))
}

async function query(kind: string, name: string, server: string | undefined): Promise<unknown> {
  const resolver = new Resolver({ timeout: lookupTimeoutMs, tries: 1 })
  if (server !== undefined) resolver.setServers([server])
  if (kind === 'srv') return resolver.resolveSrv(name)
  return resolver.resolve4(name).catch(() => resolver.resolve6(name))
}

async function within(answer: Promise<unknown>): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((tell) => {
    timer = setTimeout(() => tell(`no answer in ${lookupTimeoutMs / 1_000} s`), lookupTimeoutMs)
  })
  const asked = answer.then(
    () => undefined,
    (error: unknown) => reasons[systemCode(error)] ?? systemCode(error),
  )
  const reason = await Promise.race([asked, late])
  clearTimeout(timer)
  return reason === undefined ? undefined : `the name cannot be resolved: ${reason}`
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'it is not known',
  ENODATA: 'it has no such records',
  EAI_AGAIN: 'no name server answers',
  ECONNREFUSED: 'no name server answers',
  ETIMEOUT: 'no name server answers',
}
