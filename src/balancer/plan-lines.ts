import { describeSource } from '../discovery/source.ts'
import type { Change } from '../pool/membership.ts'
import { canonical, differs } from './differs.ts'
import type { PoolSpec, SourceSpec } from './spec.ts'

/** `+ backend 127.0.0.1:5003`, `- backend 127.0.0.1:5001, drained`, `~ backend 127.0.0.1:5000 weight 1→3` */
export function backendLine({ what, id, from, to }: Change): string {
  if (what === 'added') return `+ backend ${id}`
  if (what === 'removed') return `- backend ${id}, drained`
  if (what === 'draining' || what === 'ready') return `~ backend ${id} ${what}`
  return `~ backend ${id} ${what === 'limit' ? 'maxConnections' : what} ${from}→${to}`
}

/** What else of a pool changes; its backends are told of one by one. */
export function settingLines(before: PoolSpec, after: PoolSpec): string[] {
  const keys = Object.keys({ ...before, ...after }) as (keyof PoolSpec)[]
  const told = keys.filter((key) => key !== 'backends' && key !== 'sources')
  const where = `pool ${after.name}`
  return [
    ...sourceLines(after, before).map((line) => `+ ${line} (${where})`),
    ...sourceLines(before, after).map((line) => `- ${line} (${where})`),
    ...told
      .filter((key) => differs(before[key], after[key]))
      .map((key) => `~ ${where} ${key} ${shown(before[key])}→${shown(after[key])}`),
  ]
}

/** The sources of one that the other has not. */
function sourceLines({ sources = [] }: PoolSpec, other: PoolSpec): string[] {
  const keyOf = (source: SourceSpec): string | undefined => canonical(source)
  const known = new Set((other.sources ?? []).map(keyOf))
  const lines = sources
    .filter((source) => !known.has(keyOf(source)))
    .map((source) => `source ${describeSource(source)}`)
  return [...new Set(lines)]
}

/** A secret is not for the log. */
function shown(value: unknown): string {
  if (value === undefined) return 'default'
  if (typeof value !== 'object') return String(value)
  return JSON.stringify(value, (key, inner) => (key === 'secret' ? '…' : inner))
}
