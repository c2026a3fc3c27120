import { formatAddress } from '../base/address.ts'
import type { Mode } from '../proxy.ts'
import type { ConfigFile, ListenerKeys, PoolKeys } from './file.ts'
import type { Path } from './problem.ts'

/** A listener or a pool as it is meant: its own keys, and what stands at the top for all. */
export interface Meant<Keys> {
  readonly name: string
  readonly keys: Keys
  /** Those that it says itself. */
  readonly own: Keys
  /** Where it stands; empty for the one at the top. */
  readonly path: Path
  /** Where a key of it stands: its own, or the one at the top. */
  at(key: keyof Keys & string): Path
}

/** What a file means, before it is looked at closely. */
export interface Model {
  readonly file: ConfigFile
  readonly listeners: readonly Meant<ListenerKeys>[]
  readonly pools: readonly Meant<PoolKeys>[]
}

const onlyName = 'default'
/** What a listener is without a word of it. */
export const modeOf = ({ mode = 'http' }: ListenerKeys): Mode => mode
export const usualListen = { host: '127.0.0.1', port: 8_080 } as const

/** Fills in what a short file leaves out. */
export function modelOf(file: ConfigFile): Model {
  return { file, listeners: listenersOf(file), pools: poolsOf(file) }
}

function listenersOf(file: ConfigFile): Meant<ListenerKeys>[] {
  const { listeners } = file
  if (listeners === undefined) return [meant(onlyName, file, file, [])]
  const named: (readonly [string, ListenerKeys, string | number])[] = Array.isArray(listeners)
    ? listeners.map((own: ListenerKeys, i) => [nameOf(own), own, i])
    : Object.entries(listeners).map(([name, own]) => [name, own, name])
  return named.map(([name, own, step]) => {
    const { routes, ...top } = pick(file, listenerWords)
    // Which of several requests: a question for mode http alone, and not where `pool` answers it.
    const mode = modeOf({ ...file, ...own })
    const isAsking = mode === 'http' && own.pool === undefined
    const { pool, ...rest } = isAsking && routes !== undefined ? { ...top, routes } : top
    const inherited = own.routes === undefined && pool !== undefined ? { ...rest, pool } : rest
    const both = { ...inherited, ...own }
    const http = { ...(mode === 'http' ? file.http : {}), ...own.http }
    const lines = { ...(mode === 'lines' ? file.lines : {}), ...own.lines }
    return meant(name, { ...both, http, lines }, own, ['listeners', step])
  })
}

const nameOf = ({ name, listen = usualListen }: ListenerKeys): string =>
  name ?? formatAddress(listen)

function poolsOf(file: ConfigFile): Meant<PoolKeys>[] {
  const { pools } = file
  if (pools === undefined) {
    const isGiven = file.backends !== undefined || file.discover !== undefined
    return isGiven ? [meant(onlyName, file, file, [])] : []
  }
  return Object.entries(pools).map(([name, own]) => {
    return meant(name, { ...pick(file, poolWords), ...own }, own, ['pools', name])
  })
}

const listenerWords = [
  'mode',
  'pool',
  'routes',
  'connectTimeout',
  'retries',
  'idleTimeout',
  'connectionsMax',
] as const
const poolWords = [
  'strategy',
  'affinity',
  'health',
  'limits',
  'slowStart',
  'ejection',
  'failOpen',
  'drainHonoursAffinity',
] as const

function pick<K extends keyof ConfigFile>(
  file: ConfigFile,
  words: readonly K[],
): Pick<ConfigFile, K> {
  const given = words.filter((word) => file[word] !== undefined).map((word) => [word, file[word]])
  return Object.fromEntries(given)
}

function meant<Keys extends object>(name: string, keys: Keys, own: Keys, path: Path): Meant<Keys> {
  return { name, keys, own, path, at: (key) => (Object.hasOwn(own, key) ? [...path, key] : [key]) }
}
