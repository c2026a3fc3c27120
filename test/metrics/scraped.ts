/** Reads a page of metrics, as strictly as it is specified. */

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Scraped {
  /** The type of each family, in order. */
  readonly types: ReadonlyMap<string, string>
  readonly helps: ReadonlyMap<string, string>
  readonly samples: readonly Sample[]
  /** The sum of all samples with that name and those labels; undefined when there is none. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number | undefined
}

/** @throws Error for a line that is none, and for a series that is told twice. */
export function scraped(text: string): Scraped {
  const types = new Map<string, string>()
  const helps = new Map<string, string>()
  const samples: Sample[] = []
  const seen = new Set<string>()
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end')
  for (const line of text.split('\n').slice(0, -1)) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) ([a-z_]+) (.*)$/s.exec(line) ?? []
    if (kind === 'HELP') helps.set(name, unescape(rest))
    else if (kind === 'TYPE') types.set(name, rest)
    else {
      const sample = sampleOf(line)
      const id = JSON.stringify([sample.name, sample.labels])
      if (seen.has(id)) throw new Error(`twice: ${line}`)
      seen.add(id)
      samples.push(sample)
    }
  }
  const sum: Scraped['sum'] = (name, labels = {}) => {
    const found = samples.filter((sample) => sample.name === name && has(sample, labels))
    return found.length === 0 ? undefined : found.reduce((all, { value }) => all + value, 0)
  }
  return { types, helps, samples, sum }
}

/** The family that a sample belongs to. */
export function familyOf({ types }: Scraped, name: string): string {
  return types.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, '')
}

function sampleOf(line: string): Sample {
  const [whole, name, rest = '', value] =
    /^([a-z_]+)(?:\{(.*)\})? (NaN|[+-]Inf|[-+.e\d]+)$/s.exec(line) ?? []
  if (whole === undefined || name === undefined) throw new Error(`no sample: ${line}`)
  const labels: Record<string, string> = {}
  const pattern = /([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/sy
  while (pattern.lastIndex < rest.length) {
    const match = pattern.exec(rest)
    if (match === null) throw new Error(`no labels: ${line}`)
    labels[match[1]!] = unescape(match[2]!)
  }
  return { name, labels, value: Number(value!.replace('Inf', 'Infinity')) }
}

const unescape = (text: string): string =>
  text.replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char))

const has = ({ labels }: Sample, wanted: Readonly<Record<string, string>>): boolean =>
  Object.entries(wanted).every(([name, value]) => labels[name] === value)
