import { z } from 'zod'
import type { AffinitySpec } from '../balancer.ts'
import { shown } from '../base/printable.ts'
import { checkedName, checkedService, parseServer } from '../discovery/source.ts'
import { parseBackend, parseBackendAddress } from '../discovery/static.ts'
import { type HealthSpec, healthDefaults, parseHealth } from '../health/spec.ts'
import { type BackendSpec, weightMax, weightMin } from '../pool/backend.ts'
import type { DiscoverKeys, LimitKeys } from './file.ts'
import { duration, onOff, text, token, whole, word } from './leaves.ts'
import { mapping, optional } from './mapping.ts'

const limit = whole(0, 1_000_000)
const examples = ['127.0.0.1:5000', 'app.internal:80', 'unix:run/app.sock']

const backend: z.ZodType<BackendSpec> = z.union([
  text(parseBackend, { examples: [...examples, '127.0.0.1:5000;weight=3'] }),
  mapping({
    address: text(parseBackendAddress, { examples }).describe('HOST:PORT, :PORT or unix:PATH'),
    weight: z
      .number()
      .refine(
        (given) => given >= weightMin,
        'a weight is from 0.000001; for no new work write drain: true',
      )
      .max(weightMax)
      .default(1)
      .describe('How much of the work it gets, beside the others; 1 by default'),
    maxConnections: optional(limit, 'Leases it holds at the most; that of limits by default'),
    drain: optional(onOff(), 'It finishes what it has and gets no more; off by default'),
  }).transform(({ drain, ...spec }) => ({ ...spec, ...(drain === true && { isDraining: true }) })),
])

function readServer(given: string): string {
  parseServer(given)
  return given
}

const dnsName = text((given) => checkedName(given, given), { minLength: 1 })
const serviceName = text((given) => checkedService(given, given), { minLength: 1 })

const discover: z.ZodType<DiscoverKeys> = mapping({
  file: optional(
    z.string().min(1),
    'A file with one backend a line, HOST[:PORT], relative to this one; changes are followed',
  ),
  dns: optional(dnsName, 'A name whose A and AAAA records are the backends'),
  srv: optional(serviceName, 'A name whose SRV records are the backends'),
  port: optional(
    whole(1, 65_535),
    'Of the backends: with dns; with file, where a line has none, 80 by default',
  ),
  server: optional(
    text(readServer, { examples: ['127.0.0.1:53'] }),
    "The name server to ask, IP or IP:PORT; the system's by default",
  ),
}).transform((given, context) => {
  const { file, dns, srv, port, server } = given
  const complain = (message: string, key?: string): never => {
    context.addIssue({ code: 'custom', message, path: key === undefined ? [] : [key] })
    return z.NEVER
  }
  if ([file, dns, srv].filter((kind) => kind !== undefined).length !== 1) {
    return complain('one of file, dns and srv is wanted here')
  }
  const where = { ...(port !== undefined && { port }), ...(server !== undefined && { server }) }
  if (srv !== undefined) return { srv, ...where }
  if (dns !== undefined) {
    if (port === undefined) return complain("dns needs the backends' port: write port: 80")
    return { dns, ...where, port }
  }
  if (server !== undefined) return complain('server is for dns and srv', 'server')
  return { file: file!, ...(port !== undefined && { port }) }
})

const defaultCookie = 'piloti'

const affinity: z.ZodType<AffinitySpec> = z.union([
  word(['client', 'url', 'cookie']).transform((kind) =>
    kind === 'cookie' ? { kind, name: defaultCookie } : { kind },
  ),
  mapping({
    cookie: optional(token('cookie'), 'The name of a cookie that piloti sets'),
    header: optional(token('header'), 'The name of a request header'),
    query: optional(z.string().min(1), 'The name of a parameter in the query'),
    secret: optional(
      z.string().min(16, 'a secret has 16 characters at the least'),
      'Signs the cookie; a new one at each start by default',
    ),
  }).transform(({ cookie, header, query, secret }, context): AffinitySpec => {
    const given = [cookie, header, query].filter((kind) => kind !== undefined)
    const complain = (message: string, path: string[] = []): never => {
      context.addIssue({ code: 'custom', message, path })
      return z.NEVER
    }
    if (given.length !== 1) return complain('one of cookie, header and query is wanted here')
    if (cookie !== undefined) {
      return { kind: 'cookie', name: cookie, ...(secret !== undefined && { secret }) }
    }
    if (secret !== undefined) return complain('secret is for cookie', ['secret'])
    return { kind: header === undefined ? 'query' : 'header', name: given[0]! }
  }),
])

const status = z.union([
  whole(100, 599).transform((only) => ({ from: only, to: only })),
  text(readStatus, { pattern: '^[1-5]\\d\\d-[1-5]\\d\\d$', examples: ['200-299'] }),
])

function readStatus(given: string): { from: number; to: number } {
  const [, from, to] = /^([1-5]\d\d)-([1-5]\d\d)$/.exec(given) ?? []
  if (from !== undefined && Number(from) <= Number(to)) return { from: +from, to: Number(to) }
  throw new RangeError(`'${shown(given)}' is no range of statuses: write 200-299`)
}

function readHealthPath(given: string): string {
  return (parseHealth(`http:${given}`) as HealthSpec).path!
}

const healthKeys = mapping({
  http: optional(
    text(readHealthPath, { pattern: '^/', examples: ['/health'] }),
    'Ask for this path in HTTP; without it, connecting is enough',
  ),
  lines: optional(onOff(), 'Call the method health in JSON-RPC lines; off by default'),
  method: optional(word(['GET', 'HEAD', 'OPTIONS']), 'GET by default'),
  host: optional(
    text(readHealthHost, { minLength: 1 }),
    "The Host field; the backend's address by default",
  ),
  status: optional(status, 'The statuses that are well; 200-399 by default'),
  body: optional(z.string().min(1), 'What the first 64 KiB of the body must contain'),
  interval: optional(duration(1), 'From one probe to the next; 2s by default'),
  timeout: optional(duration(1), 'For the whole of a probe; 1s by default'),
  rise: optional(whole(1, 100), 'Good probes in a row that bring a backend back; 2 by default'),
  fall: optional(whole(1, 100), 'Bad probes in a row that take a backend out; 3 by default'),
})

function readHealthHost(given: string): string {
  if (/^[!-~]+$/.test(given)) return given
  throw new RangeError(`'${shown(given)}' is no Host: a name, or NAME:PORT, wanted`)
}

const health: z.ZodType<HealthSpec | 'off'> = z.union([
  text(parseHealth, {
    pattern: '^(tcp|lines|off|http:/.*)$',
    examples: ['tcp', 'http:/health', 'lines', 'off'],
  }),
  healthKeys.transform(({ http, lines, interval, timeout, ...rest }, context): HealthSpec => {
    if (http !== undefined && lines === true) {
      const message = 'one of http and lines is wanted here'
      context.addIssue({ code: 'custom', message, path: ['lines'] })
    }
    for (const key of ['method', 'host', 'status', 'body'] as const) {
      if (http !== undefined || rest[key] === undefined) continue
      const message = `${key} is for probes in HTTP: write http: /PATH too`
      context.addIssue({ code: 'custom', message, path: [key] })
    }
    const intervalMs = interval ?? healthDefaults.intervalMs
    const timeoutMs = timeout ?? Math.min(healthDefaults.timeoutMs, intervalMs)
    const plain = lines === true ? 'lines' : 'tcp'
    const kind =
      http === undefined
        ? { kind: plain as 'lines' | 'tcp' }
        : { kind: 'http' as const, path: http }
    const isShort = timeout !== undefined || timeoutMs !== healthDefaults.timeoutMs
    return {
      ...kind,
      ...rest,
      ...(interval !== undefined && { intervalMs }),
      ...(isShort && { timeoutMs }),
    }
  }),
])

const limits: z.ZodType<LimitKeys> = mapping({
  maxConnections: optional(
    limit,
    'Leases for each backend that does not say otherwise; 0, no limit',
  ),
  queue: optional(
    mapping({
      max: optional(limit, 'How much work waits while all are full; 1024 by default, 0 for none'),
      timeout: optional(duration(1), 'How long work waits: 503; 5s by default'),
    }),
    'What waits while all backends are full',
  ),
})

/** A name of the table, or a file: which it is, is seen later. */
const strategy = z
  .string()
  .min(1)
  .meta({ examples: ['least-connections', './mine.ts'] })

/** What can be said of a pool, and at the top for every pool. */
export const poolKeys: {
  readonly backends: z.ZodExactOptional<z.ZodArray<typeof backend>>
  readonly discover: z.ZodExactOptional<z.ZodType<readonly DiscoverKeys[]>>
  readonly strategy: z.ZodExactOptional<z.ZodString>
  readonly affinity: z.ZodExactOptional<typeof affinity>
  readonly health: z.ZodExactOptional<typeof health>
  readonly limits: z.ZodExactOptional<typeof limits>
  readonly slowStart: z.ZodExactOptional<z.ZodType<number>>
  readonly ejection: z.ZodExactOptional<z.ZodType<boolean>>
  readonly failOpen: z.ZodExactOptional<z.ZodType<boolean>>
  readonly drainHonoursAffinity: z.ZodExactOptional<z.ZodType<boolean>>
} = {
  backends: optional(
    z.array(backend).min(1),
    'Who does the work: addresses, with a weight or more',
  ),
  discover: optional(
    z.union([z.array(discover).min(1), discover.transform((only) => [only])]),
    'Where more backends are found',
  ),
  strategy: optional(strategy, 'Who gets the next piece of work; round-robin by default'),
  affinity: optional(affinity, "What keeps a client's requests on one backend; nothing by default"),
  health: optional(health, 'How backends are asked whether they are well; tcp by default'),
  limits: optional(limits, 'How much work backends get, and how much waits'),
  slowStart: optional(
    z.union([z.literal('off').transform(() => 0), duration(0)]),
    'How long a backend that comes, or comes back, takes to get its whole share; 10s by default',
  ),
  ejection: optional(onOff(), 'Leave out backends that fail again and again; on by default'),
  failOpen: optional(onOff(), 'With all backends down, try them all; on by default'),
  drainHonoursAffinity: optional(
    onOff(),
    'Clients go on to the backend they belong to while it drains; off by default',
  ),
}
