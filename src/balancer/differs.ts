/** Whether two descriptions say different things; the order of keys, and keys without a value, say nothing. */
export function differs(a: unknown, b: unknown): boolean {
  return canonical(a) !== canonical(b)
}

/** The same text for descriptions that say the same. */
export function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, inner) => (isMapping(inner) ? sorted(inner) : inner))
}

const isMapping = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function sorted(mapping: object): object {
  return Object.fromEntries(Object.entries(mapping).sort(([a], [b]) => (a < b ? -1 : 1)))
}
