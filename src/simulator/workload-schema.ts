import { z } from 'zod'
import { suggest } from '../base/suggest.ts'
import { parseDuration, parseShare } from '../base/units.ts'
import type { Workload } from './workload.ts'

/** Backends times balancers: each balancer knows each backend. */
const pairsMax = 1_000_000

const longestMs = 1_000 * 3_600_000

const number = (least: number, most: number) =>
  z
    .number({ error: ({ input }) => `${say(input)} is not a number from ${least} to ${most}` })
    .refine((value) => value >= least && value <= most, {
      error: ({ input }) => `${say(input)} is out of range: from ${least} to ${most}`,
    })

const whole = (least: number, most: number) =>
  z
    .number({
      error: ({ input }) => `${say(input)} is not a whole number from ${least} to ${most}`,
    })
    .refine((value) => Number.isInteger(value) && value >= least && value <= most, {
      error: ({ input }) => `${say(input)} is not a whole number from ${least} to ${most}`,
    })

/** Positive: a rate of 0 would never send anything. */
const positive = (most: number) =>
  z
    .number({ error: ({ input }) => `${say(input)} is not a number above 0` })
    .refine((value) => value > 0 && value <= most, {
      error: ({ input }) => `${say(input)} is out of range: above 0, at most ${most}`,
    })

const duration = (leastMs = 0) =>
  z
    .string({ error: ({ input }) => `${say(input)} is no length of time: write 20ms, 1.5s or 10m` })
    .transform((text, context) => {
      const ms = parseDuration(text)
      if (ms !== undefined && ms >= leastMs && ms <= longestMs) return ms
      const wanted =
        ms === undefined
          ? 'is no length of time: write 20ms, 1.5s or 10m'
          : `is out of range: from ${leastMs}ms to 1000h`
      context.addIssue({ code: 'custom', message: `'${text}' ${wanted}` })
      return z.NEVER
    })

const share = z
  .union([z.string(), z.number()], { error: ({ input }) => `${say(input)} is no share` })
  .transform((value, context) => {
    const parsed = parseShare(String(value))
    if (parsed !== undefined) return parsed
    context.addIssue({ code: 'custom', message: `'${value}' is no share: write 5% or 0.05` })
    return z.NEVER
  })

const shortest = 0.000_001
const rate = positive(1_000_000)

const arrivals = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('poisson'), rate }),
  z.strictObject({ kind: z.literal('constant'), rate }),
  z.strictObject({
    kind: z.literal('bursts'),
    size: whole(1, 100_000),
    every: duration(shortest),
  }),
  z.strictObject({
    kind: z.literal('closed'),
    clients: whole(1, 100_000),
    think: duration().default(0),
  }),
  z.strictObject({ kind: z.literal('log'), path: z.string().min(1) }),
])

const service = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('exponential'), mean: duration(shortest) }),
  z.strictObject({ kind: z.literal('constant'), mean: duration(shortest) }),
  z.strictObject({
    kind: z.literal('lognormal'),
    mean: duration(shortest),
    variation: positive(100),
  }),
  z
    .strictObject({
      kind: z.literal('pareto'),
      alpha: positive(100),
      least: duration(shortest),
      most: duration(shortest),
    })
    .refine(({ least, most }) => most > least, { error: 'most is not above least' }),
  z.strictObject({
    kind: z.literal('bimodal'),
    short: duration(shortest),
    long: duration(shortest),
    longShare: share,
  }),
  z
    .strictObject({
      kind: z.literal('pi'),
      leastDigits: whole(1, 10_000_000),
      mostDigits: whole(1, 10_000_000),
    })
    .refine(({ leastDigits, mostDigits }) => mostDigits > leastDigits, {
      error: 'mostDigits is not above leastDigits',
    }),
])

const period = { from: duration(), to: duration() }
const isPeriod = ({ from, to }: { from: number; to: number }): boolean => to > from
const isInOrder = (periods: readonly { from: number; to: number }[]): boolean =>
  periods.every(({ from }, index) => index === 0 || from >= periods[index - 1]!.to)
const late = { error: 'to is not after from' }
const mixed = { error: 'they overlap, or are not in order' }

const backend = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/i, { error: 'a name is letters, digits and hyphens' })
    .default('backend'),
  count: whole(1, 5_000).default(1),
  weight: positive(1_000_000).default(1),
  speed: positive(1_000_000).default(1),
  servers: whole(1, 100_000).default(1),
  discipline: z
    .enum(['fifo', 'sharing'], {
      error: ({ input }) => `${say(input)} is neither fifo nor sharing`,
    })
    .default('fifo'),
  latency: duration().default(0),
  failures: z.strictObject({ share, after: duration().default(0) }).optional(),
  outages: z
    .array(z.strictObject(period).refine(isPeriod, late))
    .refine(isInOrder, mixed)
    .optional(),
  slowDowns: z
    .array(z.strictObject({ ...period, speed: number(0, 1_000_000) }).refine(isPeriod, late))
    .refine(isInOrder, mixed)
    .optional(),
})

/** A workload as it is written: times with their unit, shares with `%`. */
const workloadSchema = z.strictObject({
  title: z.string().optional(),
  arrivals: arrivals.optional(),
  service: service.optional(),
  backends: z.array(backend).min(1, { error: 'it names no backend' }),
  keys: z.strictObject({ clients: whole(1, 1_000_000), zipf: number(0, 10).default(0) }).optional(),
  balancers: whole(1, 1_000).optional(),
  requests: whole(1, 10_000_000).optional(),
  duration: duration(shortest).optional(),
  warmUp: duration().optional(),
  timeout: duration(shortest).optional(),
  retries: whole(0, 100).optional(),
  ejection: z.boolean().optional(),
})

type Written = z.output<typeof workloadSchema>

/** Something wrong in a workload, and where. */
export interface Problem {
  readonly path: readonly PropertyKey[]
  readonly message: string
  /** It is the key that is wrong, not what it has. */
  readonly isKey?: true
}

/** Checks a workload as it is written, and turns it into the one that was meant; or says all that is wrong. */
export function checkWorkload(value: unknown): Workload | readonly Problem[] {
  const { success, data, error } = workloadSchema.safeParse(value)
  if (!success) return error.issues.flatMap((issue) => problemsOf(issue, value))
  const problems = conflicts(data)
  return problems.length > 0 ? problems : workloadOf(data)
}

function problemsOf(issue: z.core.$ZodIssue, value: unknown): Problem[] {
  const { path, code } = issue
  if (code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      return { path: [...path, key], message: unknownKey(key), isKey: true }
    })
  }
  const last = path.at(-1)
  if (last === undefined) return [{ path, message: 'a mapping wanted, with backends and more' }]
  if (at(value, path) === undefined) {
    return [{ path: path.slice(0, -1), message: `'${String(last)}' is missing` }]
  }
  if (code === 'invalid_union' && 'options' in issue && Array.isArray(issue.options)) {
    const { options } = issue
    const nearest = suggest(String(at(value, path)), options.map(String))
    const message = `unknown kind ${say(at(value, path))}: one of ${options.join(', ')}`
    return [{ path, message: `${message}${meant(nearest)}` }]
  }
  return [{ path, message: issue.message.replace(/^Invalid input: /, '') }]
}

function unknownKey(key: string): string {
  const known = keysIn(z.toJSONSchema(workloadSchema, { io: 'input' }))
  return `unknown '${key}'${meant(suggest(key, [...known]))}`
}

const meant = (word: string | undefined): string =>
  word === undefined ? '' : ` (did you mean ${word}?)`

/** All names of properties in a JSON Schema. */
function keysIn(schema: unknown, keys: Set<string> = new Set()): Set<string> {
  if (typeof schema !== 'object' || schema === null) return keys
  for (const [name, part] of Object.entries(schema)) {
    if (name === 'properties') for (const key of Object.keys(part)) keys.add(key)
    keysIn(part, keys)
  }
  return keys
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (part, key) => (part as Record<PropertyKey, unknown> | null | undefined)?.[key],
    value,
  )
}

/** What is right in itself, and wrong together. */
function conflicts({ backends, balancers = 1, duration: durationMs, warmUp }: Written): Problem[] {
  const problems: Problem[] = []
  const names = new Set<string>()
  for (const [index, { name }] of backends.entries()) {
    if (names.has(name)) {
      problems.push({ path: ['backends', index], message: `two groups have the name '${name}'` })
    }
    names.add(name)
  }
  const count = backends.reduce((sum, group) => sum + group.count, 0)
  if (count > 65_535 || count * balancers > pairsMax) {
    const message = `${count} backends of ${balancers} balancers are too many`
    problems.push({ path: ['backends'], message })
  }
  if (durationMs !== undefined && warmUp !== undefined && warmUp >= durationMs) {
    problems.push({ path: ['warmUp'], message: 'it warms up for as long as all lasts' })
  }
  return problems
}

function workloadOf(written: Written): Workload {
  const { title, duration: durationMs, warmUp: warmUpMs, timeout: timeoutMs } = written
  const { keys, balancers, requests, retries: retriesMax, ejection } = written
  return {
    arrivals: arrivalsOf(written.arrivals),
    service: serviceOf(written.service),
    backends: written.backends.map(groupOf),
    ...defined({ title, keys, balancers, requests, ejection }),
    ...defined({ durationMs, warmUpMs, timeoutMs, retriesMax }),
  }
}

function arrivalsOf(written: Written['arrivals']): Workload['arrivals'] {
  if (written === undefined) return { kind: 'given' }
  switch (written.kind) {
    case 'log':
      return { kind: 'given', path: written.path }
    case 'bursts':
      return { kind: 'bursts', size: written.size, everyMs: written.every }
    case 'closed':
      return { kind: 'closed', clients: written.clients, thinkMs: written.think }
    default:
      return { kind: written.kind, ratePerSecond: written.rate }
  }
}

function serviceOf(written: Written['service']): Workload['service'] {
  if (written === undefined) return { kind: 'constant', meanMs: 1 }
  switch (written.kind) {
    case 'pareto': {
      const { kind, alpha, least: leastMs, most: mostMs } = written
      return { kind, alpha, leastMs, mostMs }
    }
    case 'bimodal': {
      const { kind, short: shortMs, long: longMs, longShare } = written
      return { kind, shortMs, longMs, longShare }
    }
    case 'lognormal':
      return { kind: 'lognormal', meanMs: written.mean, variation: written.variation }
    case 'pi':
      return written
    default:
      return { kind: written.kind, meanMs: written.mean }
  }
}

function groupOf(written: Written['backends'][number]): Workload['backends'][number] {
  const { latency: latencyMs, failures, outages = [], slowDowns = [], ...same } = written
  return {
    ...same,
    latencyMs,
    outages: outages.map(({ from: fromMs, to: toMs }) => ({ fromMs, toMs })),
    slowDowns: slowDowns.map(({ from: fromMs, to: toMs, speed }) => ({ fromMs, toMs, speed })),
    ...(failures && { failures: { share: failures.share, afterMs: failures.after } }),
  }
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** Only what has a value. */
function defined<T extends object>(values: T): Defined<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as Defined<T>
}

const say = (input: unknown): string => {
  if (typeof input === 'string') return `'${input}'`
  // JSON has no word for .nan and .inf.
  return typeof input === 'number' ? String(input) : JSON.stringify(input)
}
