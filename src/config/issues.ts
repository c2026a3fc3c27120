import { shown } from '../base/printable.ts'
import { suggest } from '../base/suggest.ts'
import { httpNames } from './file.ts'
import type { Finding, Path } from './problem.ts'
import type { Issue } from './schema.ts'

/** What is wrong, in words, for what the schema complains of. @param valueAt what the file has at a path */
export function findingsOf(issue: Issue, valueAt: (path: Path) => unknown): Finding[] {
  const path = issue.path as Path
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key, nth) =>
        unknownKey(path, key, nth < suggestionsMax ? issue.message.split(' ') : []),
      )
    case 'invalid_union':
      return ofUnion(issue, valueAt)
    case 'invalid_key': {
      const [fault] = issue.issues
      return [{ path, message: fault?.message ?? 'this key is wrong', isOfKey: true }]
    }
    case 'invalid_type':
      return [wrongType(path, issue.expected, valueAt(path), issue.message)]
    case 'too_small':
    case 'too_big':
      return [outOfRange(issue, valueAt(path))]
    default:
      return [{ path, message: issue.message }]
  }
}

/** For more keys than that nobody reads them, and each takes its time. */
const suggestionsMax = 100

/** Words of other balancers, and what they are called here. */
const translations: Readonly<Record<string, string>> = {
  servers: 'backends',
  server: 'backends',
  upstream: 'backends',
  upstreams: 'backends',
  targets: 'backends',
  endpoints: 'backends',
  bind: 'listen',
  port: 'listen',
  balance: 'strategy',
  algorithm: 'strategy',
  policy: 'strategy',
  lb_policy: 'strategy',
  healthCheck: 'health',
  healthcheck: 'health',
  health_check: 'health',
  check: 'health',
  sticky: 'affinity',
  session: 'affinity',
  discovery: 'discover',
  access_log: 'accessLog',
  prefix: 'path',
  maxconn: 'maxConnections',
  max: 'maxConnections',
  frontends: 'listeners',
  clusters: 'pools',
  services: 'pools',
}

const routeKeys = ['host', 'hosts', 'path', 'stripPrefix', 'headers', 'split']

/** Keys that belong a level below. */
function homeOf(key: string, known: readonly string[]): string | undefined {
  if (known.includes('limits') && /^(?:maxConnections|queue)$/.test(key)) return 'limits'
  if (known.includes('http') && known.includes('listen') && Object.hasOwn(httpNames, key)) {
    return 'http'
  }
  return known.includes('routes') && routeKeys.includes(key) ? 'a route of routes' : undefined
}

/** A longer list would hide what is wrong. */
const knownShown = 12

function unknownKey(path: Path, key: string, known: readonly string[]): Finding {
  const finding = { path: [...path, key], isOfKey: true, message: `unknown key '${shown(key)}'` }
  if (known.length === 0) return finding
  const home = homeOf(key, known)
  if (home !== undefined) return { ...finding, suggestion: `it belongs in ${home}` }
  const translated = Object.hasOwn(translations, key) ? translations[key]! : ''
  const nearest = known.includes(translated) ? translated : suggest(key, known)
  if (nearest !== undefined) return { ...finding, suggestion: `did you mean ${nearest}?` }
  const all = known.length > knownShown ? 'piloti check --schema has all' : known.join(', ')
  return { ...finding, suggestion: `known here: ${all}` }
}

/** Of several shapes, complains about the one that was probably meant: that of the value's own type. */
function ofUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  valueAt: (path: Path) => unknown,
): Finding[] {
  const path = issue.path as Path
  const isOfOtherType = (branch: readonly Issue[]): boolean =>
    branch.every(({ path, code }) => path.length === 0 && /^invalid_(type|value)$/.test(code))
  const meant = issue.errors.find((branch) => !isOfOtherType(branch))
  const within = (fault: Issue): Issue => ({ ...fault, path: [...path, ...fault.path] })
  if (meant !== undefined) {
    return meant.flatMap((fault) => findingsOf(within(fault as Issue), valueAt))
  }
  const faults = issue.errors.map(([first]) => first as Issue | undefined)
  const value = valueAt(path)
  // A word that is none of those known says more than a list of types.
  const isWord = typeof value === 'string'
  const said = faults.find((fault) => fault?.code === 'invalid_value' && isWord)
  const spoken = faults.find((fault) => fault !== undefined && isOwn(fault.message))
  if (said !== undefined && isOwn(said.message)) return [{ path, message: said.message }]
  if (spoken !== undefined && value !== null) return [{ path, message: spoken.message }]
  const wanted = [...new Set(faults.flatMap((fault) => (fault ? wantedOf(fault) : [])))]
  return [{ path, message: `${nameOf(path)} is ${describe(value)}: ${wanted.join(' or ')} wanted` }]
}

const types: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
}

function wantedOf(issue: Issue): string[] {
  if (issue.code === 'invalid_type') return [types[issue.expected] ?? issue.expected]
  if (issue.code === 'invalid_value') return issue.values.map(String)
  // A union in a union, as the switches are.
  if (issue.code === 'invalid_union') {
    return issue.errors.flatMap((branch) => branch.flatMap((fault) => wantedOf(fault as Issue)))
  }
  return []
}

/** Whether a message is one of ours, not one that zod made up. */
const isOwn = (message: string): boolean => !/^(?:Invalid|Too|Unrecognized)\b/.test(message)

function wrongType(path: Path, expected: string, value: unknown, said: string): Finding {
  const name = nameOf(path)
  if (value === undefined) return { path, message: `${name} is missing` }
  if (value !== null && isOwn(said)) return { path, message: said }
  const message = `${name} is ${describe(value)}: ${types[expected] ?? expected} wanted`
  if (value === null) return { path, message, suggestion: 'leave it out for its default' }
  const isPlain = typeof value === 'number' || typeof value === 'boolean'
  if (expected === 'string' && isPlain)
    return { path, message, suggestion: `write '${value}' in quotes` }
  if (expected === 'array' && typeof value !== 'object') {
    return { path, message, suggestion: `write [${shown(String(value))}]` }
  }
  return { path, message }
}

function outOfRange(
  issue: Extract<Issue, { code: 'too_small' | 'too_big' }>,
  value: unknown,
): Finding {
  const path = issue.path as Path
  if (isOwn(issue.message)) return { path, message: issue.message }
  const name = nameOf(path)
  if (Array.isArray(value) || value === '') return { path, message: `${name} is empty` }
  const bound =
    issue.code === 'too_small' ? `${issue.minimum} at the least` : `${issue.maximum} at the most`
  return { path, message: `${name} is ${describe(value)}: ${bound}` }
}

function nameOf(path: Path): string {
  const last = path.at(-1)
  if (last === undefined) return 'the file'
  return typeof last === 'string' ? last : `this item of ${String(path.at(-2) ?? 'the list')}`
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null || value === '') return 'empty'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a mapping' : `'${shown(String(value))}'`
}
