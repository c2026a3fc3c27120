/** A way to a value of a file: the keys and numbers that lead there. */
export type Path = readonly (string | number)[]

/** A value of the file with the places of all that is in it; offsets count characters from the start. */
export interface Tree {
  readonly offset: number
  /** Where the key it belongs to stands. */
  readonly keyOffset?: number
  readonly content: Content
}

export type Content =
  | { readonly kind: 'scalar'; readonly value: unknown }
  | { readonly kind: 'list'; readonly items: readonly Tree[] }
  | { readonly kind: 'map'; readonly entries: ReadonlyMap<string, Tree> }

/** The plain value: objects have no prototype, so that no key of a file means anything special. */
export function valueOf({ content }: Tree): unknown {
  if (content.kind === 'scalar') return content.value
  if (content.kind === 'list') return content.items.map(valueOf)
  const value: Record<string, unknown> = Object.create(null)
  for (const [key, child] of content.entries) value[key] = valueOf(child)
  return value
}

function childOf({ content }: Tree, step: string | number): Tree | undefined {
  if (content.kind === 'map') return content.entries.get(String(step))
  return content.kind === 'list' ? content.items[Number(step)] : undefined
}

/** What stands at `path`, or undefined. */
export function find(tree: Tree, path: Path): Tree | undefined {
  let found: Tree | undefined = tree
  for (const step of path) found = found && childOf(found, step)
  return found
}

/**
 * Where `path` stands, or what comes nearest above it.
 *
 * It may be the path of the long form while the file has the short one: an item where there is but the one,
 * a value where its key would be, an entry of a mapping by its number.
 */
export function offsetOf(tree: Tree, path: Path, isOfKey: boolean): number {
  let found = tree
  for (const [index, step] of path.entries()) {
    const { content } = found
    if (typeof step === 'string' && content.kind !== 'map') continue
    if (typeof step === 'number' && content.kind === 'map') {
      if (content.entries.has(String(path[index + 1]))) continue
      const counted = [...content.entries.values()][step]
      return counted?.keyOffset ?? found.offset
    }
    const child = childOf(found, step)
    if (child === undefined) return found.keyOffset ?? found.offset
    found = child
  }
  // An empty value stands nowhere that one could see.
  const isEmpty = found.content.kind === 'scalar' && found.content.value === null
  return (isOfKey || isEmpty ? found.keyOffset : undefined) ?? found.offset
}

/**
 * The tree without the values at `paths`; where one is missing, without what it is missing from.
 *
 * @returns undefined when nothing is left.
 */
export function prune(tree: Tree, paths: readonly Path[]): Tree | undefined {
  const gone = new Set(paths.map((path) => (find(tree, path) ?? find(tree, path.slice(0, -1)))!))
  return without(tree, gone)
}

/** The tree without those in `gone`, which are in it. */
export function without(tree: Tree, gone: ReadonlySet<Tree>): Tree | undefined {
  if (gone.has(tree)) return undefined
  const { content } = tree
  if (content.kind === 'scalar') return tree
  if (content.kind === 'list') {
    const items = content.items.flatMap((item) => without(item, gone) ?? [])
    return { ...tree, content: { kind: 'list', items } }
  }
  const kept = [...content.entries].flatMap(([key, child]) => {
    const rest = without(child, gone)
    return rest === undefined ? [] : [[key, rest] as const]
  })
  return { ...tree, content: { kind: 'map', entries: new Map(kept) } }
}
