import { dirname, resolve } from 'node:path'
import { printable } from '../base/printable.ts'
import { type Read, readYaml } from '../codecs/yaml.ts'
import { find, offsetOf, prune, type Tree, valueOf } from '../codecs/yaml-tree.ts'
import type { ConfigFile } from './file.ts'
import { findingsOf } from './issues.ts'
import { missingFiles, unresolvable } from './lookups.ts'
import { type Model, modelOf } from './model.ts'
import {
  type Finding,
  formatPath,
  type IsBroken,
  type Path,
  type Problem,
  sortProblems,
} from './problem.ts'
import { listenerRules } from './rules/listeners.ts'
import { poolRules } from './rules/pools.ts'
import { routeRules, unreachableRoutes, unusedPools } from './rules/routes.ts'
import { readSource } from './source.ts'

/** What was found in a file. */
export interface Examined {
  /** Of the file as it was read; changes whenever the file does. */
  readonly signature: string
  readonly folder: string
  /** In the order of the file. */
  readonly problems: readonly Problem[]
  /** What it means; undefined while there are errors. */
  readonly model: Model | undefined
}

/** More than that helps nobody. */
const problemsMax = 100

/** Reads a file and finds all that is wrong with it. Rejects never. @param resolveNames asks DNS */
export async function examine(path: string, resolveNames: boolean): Promise<Examined> {
  const folder = path === '-' ? resolve('.') : dirname(resolve(path))
  const { text, fault, signature } = await readSource(path)
  if (fault !== '') return failed(folder, `cannot be read: ${fault}`, hints[fault])
  const read = readYaml(text)
  const faults = read.faults.map(({ offset, ...said }): Problem => {
    return { ...read.position(offset), path: '', severity: 'error', ...said }
  })
  if (read.tree === undefined) {
    return faults.length > 0
      ? { signature, folder, problems: faults, model: undefined }
      : failed(folder, 'describes nothing', 'write backends: [ADDRESS, …]')
  }
  const { findings, data } = await shapeOf(read.tree, faults.length === 0)
  const model = data && modelOf(data.file)
  const rules =
    data === undefined || model === undefined
      ? []
      : await meaningOf(data, model, folder, resolveNames)
  const tree = read.tree
  const problems = [
    ...faults,
    ...findings.map((finding) => place(finding, tree, read)),
    ...rules.map((finding) => place(finding, data!.tree, read)),
  ]
  const sorted = sortProblems(problems).slice(0, problemsMax)
  const isWrong = sorted.some(({ severity }) => severity === 'error')
  return { signature, folder, problems: sorted, model: isWrong ? undefined : model }
}

const hints: Readonly<Record<string, string>> = {
  'it does not exist': 'piloti.example.yaml, in the package, is one to begin with',
}

/** What is wrong with the file as a whole is in no line of it. */
function failed(folder: string, message: string, suggestion?: string): Examined {
  const hint = suggestion === undefined ? {} : { suggestion }
  const problem: Problem = { line: 0, column: 0, path: '', severity: 'error', message, ...hint }
  return { signature: '', folder, problems: [problem], model: undefined }
}

interface Data {
  readonly file: ConfigFile
  /** Without what is wrong. */
  readonly tree: Tree
  /** Every pool that is named, also those with something wrong. */
  readonly pools: readonly string[]
  readonly isWhole: boolean
  readonly isBroken: IsBroken
}

const roundsMax = 20

/** What the schema says; and, with the wrong parts left out, what the rest means. */
async function shapeOf(tree: Tree, isRead: boolean): Promise<{ findings: Finding[]; data?: Data }> {
  // Loading zod takes as long as starting Node: only who reads a file waits for it.
  const { parseFile } = await import('./schema.ts')
  const findings: Finding[] = []
  let rest: Tree | undefined = tree
  for (let round = 0; rest !== undefined && round < roundsMax; round++) {
    const { data, issues } = parseFile(valueOf(rest))
    if (data !== undefined) {
      const pools = find(tree, ['pools'])?.content
      const names =
        pools?.kind === 'map'
          ? [...pools.entries.keys()]
          : modelOf(data).pools.map(({ name }) => name)
      return {
        findings,
        data: {
          file: data,
          tree: rest,
          pools: names,
          isWhole: isRead && rest === tree,
          isBroken: (path) => findings.some((finding) => isBelow(finding.path, path)),
        },
      }
    }
    const kept: Tree = rest
    const valueAt = (path: Path): unknown => {
      const found = find(kept, path)
      return found && valueOf(found)
    }
    const found = issues.flatMap((issue) => findingsOf(issue, valueAt))
    // Later rounds only miss what was left out in the first.
    if (round === 0) findings.push(...found)
    rest = prune(
      rest,
      found.map(({ path }) => path),
    )
  }
  return { findings }
}

/** At the top, only the keys there count: what is below them is not the one listener or pool. */
function isBelow(path: Path, above: Path): boolean {
  if (above.length === 0) return path.length === 1
  return above.every((step, i) => path[i] === step)
}

async function meaningOf(
  { pools, isWhole, isBroken }: Data,
  model: Model,
  folder: string,
  resolveNames: boolean,
): Promise<Finding[]> {
  const isEmpty = isWhole && model.pools.length === 0
  return [
    ...(isEmpty
      ? [{ path: [], message: 'there are no backends', suggestion: 'write backends: [ADDRESS, …]' }]
      : []),
    ...listenerRules(model, folder),
    ...routeRules(model, pools, isBroken),
    ...poolRules(model, folder, isBroken),
    // What was left out as wrong may have said more.
    ...(isWhole ? [...unreachableRoutes(model), ...unusedPools(model)] : []),
    ...(await missingFiles(model, folder)),
    ...(resolveNames ? await unresolvable(model) : []),
  ]
}

function place(finding: Finding, tree: Tree, read: Read): Problem {
  const { path, message, suggestion, severity = 'error', isOfKey = false, other } = finding
  const lineOfOther = (): string => String(read.position(offsetOf(tree, other ?? [], true)).line)
  return {
    ...read.position(offsetOf(tree, path, isOfKey)),
    path: formatPath(path),
    severity,
    message: printable(other === undefined ? message : message.replace('%LINE%', lineOfOther)),
    ...(suggestion !== undefined && { suggestion: printable(suggestion) }),
  }
}
