import { z } from 'zod'
import { lineLimitMostBytes } from '../codecs/lines.ts'
import { weightMax, weightMin } from '../pool/backend.ts'
import { readHeaderValue, readRouteHost, readRoutePath } from './conditions.ts'
import type {
  ConfigFile,
  HttpKeys,
  httpNames,
  LinesKeys,
  ListenerKeys,
  linesNames,
} from './file.ts'
import {
  address,
  duration,
  name,
  onOff,
  range,
  share,
  size,
  text,
  token,
  whole,
  word,
} from './leaves.ts'
import { mapping, optional } from './mapping.ts'
import { poolKeys } from './pool-schema.ts'

const weight = z
  .number()
  .refine((given) => given <= 0 || given >= weightMin, 'a weight is 0, or from 0.000001')
  .min(0)
  .max(weightMax)

const split = z.union([
  z
    .array(
      mapping({
        pool: z.string().describe('The name of a pool'),
        weight: weight.default(1).describe('Its share beside the others; 1 by default'),
      }),
    )
    .min(1),
  z
    .record(z.string(), weight)
    .transform((given) => Object.entries(given).map(([pool, share]) => ({ pool, weight: share }))),
])

const host = text(readRouteHost, { examples: ['example.org', '*.example.org'] })

const route = mapping({
  host: optional(host, 'The host it is for: example.org, or *.example.org for all below it'),
  hosts: optional(z.array(host).min(1), 'The same, for several'),
  path: optional(
    text(readRoutePath, { pattern: '^/', examples: ['/api'] }),
    'The path it is for, with all below it: /api fits /api and /api/x, not /apis',
  ),
  stripPrefix: optional(onOff(), 'Takes path off before the request is forwarded; off by default'),
  headers: optional(
    z.record(token('header'), text(readHeaderValue, {})),
    'Headers it asks for, with their exact values; an empty value fits any',
  ),
  pool: optional(z.string(), 'The pool that gets its requests; may be left out when there is one'),
  split: optional(split, 'Pools that share its requests, by weight: {blue: 95, green: 5}'),
})

const count = whole(0, 1_000_000)
const time = duration(1)

/** The shape of `http`; what each is for is told in docs/reference/config.md. */
const http: z.ZodType<HttpKeys> = mapping({
  trust: optional(
    z.array(range()),
    'Peers whose X-Forwarded-… is believed, as addresses or ranges',
  ),
  forwarded: optional(onOff(), 'Also send Forwarded (RFC 7239); off by default'),
  host: optional(word(['client', 'backend']), 'Whose Host backends see; client by default'),
  requestId: optional(
    onOff(),
    'Give each request an X-Request-Id, unless a trusted peer did; off by default',
  ),
  trace: optional(
    word(['pass', 'start']),
    'start begins a trace (traceparent) where nobody has; pass, the default, leaves it alone',
  ),
  pseudonym: optional(
    text(readPseudonym, { minLength: 1 }),
    'How piloti calls itself in Via; another one for each process by default',
  ),
  headTimeout: optional(time, 'For a whole request head: 408; 10s by default'),
  bodyTimeout: optional(time, 'Between two pieces of a request body: 408; 30s by default'),
  writeTimeout: optional(time, 'For a peer to take anything of what waits for it; 30s by default'),
  keepAliveTimeout: optional(time, 'How long an idle client is kept; 75s by default'),
  responseTimeout: optional(time, 'For the head of a response: 504; 30s by default'),
  responseIdleTimeout: optional(time, 'Between two pieces of a response; 60s by default'),
  tunnelTimeout: optional(time, 'How long an upgraded connection may be silent; 1h by default'),
  halfClosedTimeout: optional(time, 'The same, once one of its sides has ended; 30s by default'),
  requestsMax: optional(count, 'Requests for each client connection; 0, no limit, by default'),
  ageMax: optional(duration(0), 'How old a client connection gets; 0s, no limit, by default'),
  keepAlive10: optional(onOff(), 'Keep connections of HTTP/1.0 that ask for it; off by default'),
  headLimit: optional(size(), 'The largest request head: 431; 16k by default'),
  targetLimit: optional(size(), 'The longest path with query: 414; 8k by default'),
  fieldsLimit: optional(whole(1, 10_000), 'The most header fields: 431; 100 by default'),
  bodyLimit: optional(size(), 'The largest request body: 413; 0, no limit, by default'),
  lingerTimeout: optional(time, 'How long a refused request is still read; 5s by default'),
  lingerLimit: optional(size(), 'How much of a refused request is still read; 1m by default'),
  idleConnectionsMax: optional(
    whole(0, 100_000),
    'Connections kept for reuse, for each backend; 256 by default',
  ),
  reuseTimeout: optional(
    duration(0),
    'How long one is kept when the backend does not say; 4s by default, 0s keeps none',
  ),
  reuseTimeoutMax: optional(duration(0), 'The longest, whatever the backend says; 60s by default'),
  replayLimit: optional(size(), 'Request bodies up to this are kept for a retry; 64k by default'),
} satisfies Record<keyof typeof httpNames, z.ZodType>)

function readPseudonym(given: string): string {
  if (/^[!#-'*+\--~]+$/.test(given)) return given
  throw new RangeError(`'${given}' cannot stand in Via: visible ASCII without "(,)" wanted`)
}

/** The shape of `lines`. */
const lines: z.ZodType<LinesKeys> = mapping({
  wire: optional(
    word(['lines', 'original']),
    'What clients and backends speak: lines, or the words of the original system; lines by default',
  ),
  messageLimit: optional(
    size(1, lineLimitMostBytes),
    'The longest message, and the longest answer, 16m at the most; 64k by default',
  ),
  clientOutstandingMax: optional(
    whole(1, 10_000),
    'Unanswered messages of a client; then it is not read from. 1024 by default',
  ),
  outstandingMax: optional(
    whole(1, 10_000),
    'Unanswered messages on a connection to a backend; further ones wait. 128 by default',
  ),
  backendConnectionsMax: optional(
    whole(1, 10_000),
    'Connections to a backend, for plain text and for JSON-RPC each; 8 by default',
  ),
  messageTimeout: optional(
    duration(0),
    'From a message being sent to its answer; 60s by default, 0s is no limit',
  ),
  writeTimeout: optional(time, 'For a peer to take anything of what waits for it; 30s by default'),
  reuseTimeout: optional(time, 'How long an idle connection to a backend is kept; 60s by default'),
  resend: optional(
    onOff(),
    'Messages are safe to repeat: another backend gets those of one that died; off by default',
  ),
  activity: optional(onOff(), 'Log each client, message and answer; off by default'),
} satisfies Record<keyof typeof linesNames, z.ZodType>)

const listenerKeys = {
  listen: optional(address(), 'Where to listen; 127.0.0.1:8080 by default. Port 0: any free one'),
  mode: optional(
    word(['http', 'tcp', 'lines']),
    'http balances each request, tcp each connection, lines each message; http by default',
  ),
  pool: optional(z.string(), 'The pool for all of its work; may be left out when there is one'),
  routes: optional(
    z.array(route).min(1),
    'Which requests go to which pool, in mode http: the first that fits is taken',
  ),
  connectTimeout: optional(time, 'How long a backend may take to accept; 3s by default'),
  retries: optional(whole(0, 100), 'Other backends to try when one fails; 2 by default'),
  idleTimeout: optional(
    time,
    'How long a client may be silent in both directions, in modes tcp and lines; 10m by default',
  ),
  connectionsMax: optional(
    whole(1, 1_000_000),
    'Clients connected at a time; further ones are closed at once; 10000 by default',
  ),
  http: optional(http, 'Times, limits and manners of mode http'),
  lines: optional(lines, 'Times, limits and manners of mode lines'),
}

const listener: z.ZodType<ListenerKeys> = z.union([
  address().transform((listen) => ({ listen })),
  mapping(listenerKeys),
])

const listenerInList: z.ZodType<ListenerKeys> = mapping({
  name: optional(name(), 'What it is called; its address by default'),
  ...listenerKeys,
})

const levels = word(['debug', 'info', 'warn', 'error'])

const log = z.union([
  levels.transform((level) => ({ level })),
  mapping({
    level: optional(levels, 'The least to show; info by default'),
    format: optional(word(['pretty', 'json']), 'pretty on a terminal by default, json elsewhere'),
  }),
])

const accessLog = z.union([
  z
    .string()
    .min(1)
    .transform((path) => ({ file: path })),
  mapping({
    file: z.string().min(1).describe('The file; - is standard output'),
    format: optional(
      word(['json', 'combined', 'timing']),
      'json by default; combined is what Apache and nginx call so',
    ),
    sample: optional(
      share(),
      'The share of requests that get a line, as 1% or 0.01; what went wrong always does',
    ),
  }),
])

const file: z.ZodType<ConfigFile> = mapping({
  ...listenerKeys,
  ...poolKeys,
  listeners: optional(
    z.union([z.array(listenerInList).min(1), z.record(name(), listener)]),
    'Several listeners: by name, or as a list. What stands at the top goes for each',
  ),
  pools: optional(
    z.record(name(), z.union([poolKeys.backends.unwrap().transform(asPool), mapping(poolKeys)])),
    'Several pools, by name. What stands at the top goes for each',
  ),
  admin: optional(
    z.union([z.literal('off'), address()]),
    'Where the admin API, /metrics and the dashboard are; 127.0.0.1:9901 by default',
  ),
  log: optional(log, 'What to log: a level, or level and format'),
  accessLog: optional(accessLog, 'A line for each request: a file, or file, format and sample'),
  grace: optional(duration(0), 'How long a stop waits for work under way; 30s by default'),
}).meta({ title: 'piloti.yaml', description: 'The configuration of the load balancer piloti' })

function asPool<B>(backends: B): { backends: B } {
  return { backends }
}

export type Issue = z.core.$ZodIssue

/** What `value` means, or all that is wrong with it. */
export function parseFile(
  value: unknown,
):
  | { readonly data: ConfigFile; readonly issues?: never }
  | { readonly data?: never; readonly issues: readonly Issue[] } {
  const result = file.safeParse(value)
  return result.success ? { data: result.data } : { issues: result.error.issues }
}

/** For editors, and for checks elsewhere: JSON Schema 2020-12. */
export function jsonSchema(): object {
  return z.toJSONSchema(file, { io: 'input' })
}
