/**
 * Mode http beside nginx, HAProxy and the proxies of npm: what a request costs, and an idle connection.
 *
 * All proxies pass the client's address on and keep connections to the backend. Nothing is logged.
 * The npm proxies run on the Node that piloti is judged on; each has a keep-alive agent, without which
 * most of them open a connection for every request.
 */
import { compilable } from './harness/compile.ts'
import {
  type Contender,
  haproxyPeer,
  nginxPeer,
  packageOn,
  pilotiOn,
} from './harness/contenders.ts'
import { contest } from './harness/contest.ts'
import { requests } from './harness/ends.ts'
import { perRequest } from './harness/generator.ts'
import { bytesPerIdle } from './harness/idle.ts'
import { answer, browserRequest } from './harness/messages.ts'
import { nodes, reference } from './harness/nodes.ts'
import { ratio, spread } from './harness/numbers.ts'
import { conditions, costTable } from './harness/report.ts'
import { fullSize, type Size, scaled } from './harness/size.ts'
import { table } from './harness/table.ts'

interface HttpCase {
  readonly title: string
  readonly bodyBytes: number
  readonly connections: number
  readonly requests: number
  /** `close`: the client sends `Connection: close`, each request on a connection of its own. */
  readonly connection: 'keep-alive' | 'close'
  /** Read buffers of nginx and HAProxy, where their defaults would hold them back. */
  readonly bufferBytes?: number
}

const usual = {
  bodyBytes: 100,
  connections: 64,
  requests: 30_000,
  connection: 'keep-alive',
} as const

const cases: readonly HttpCase[] = [
  { ...usual, title: 'Keep-alive, 100-byte answer' },
  {
    ...usual,
    title: '16 KB body, 64 KB buffers',
    bodyBytes: 16_384,
    bufferBytes: 65_536,
    requests: 20_000,
  },
  {
    ...usual,
    title: 'The client sends `Connection: close`',
    connection: 'close',
    requests: 12_000,
  },
  { ...usual, title: '1000 connections', connections: 1_000 },
]

const packages = ['fast-proxy', 'httpxy', 'http-proxy-3', 'http-proxy']
const IDLE_CONNECTIONS = 5_000
const IDLE_ROUNDS = 3

export async function run(size: Size = fullSize): Promise<string> {
  if (!compilable()) return 'Skipped: the load generator needs a C compiler `cc`.'
  const all = nodes()
  const ours = all.map((node) => pilotiOn(node, 'http'))
  const packaged = packages.map((name) => packageOn(reference(all), name))
  const sections = [conditions(size, all)]
  for (const httpCase of cases) sections.push(await costSection(httpCase, ours, packaged, size))
  sections.push(await idleSection(ours, packaged, size))
  return sections.join('\n\n')
}

async function costSection(
  httpCase: HttpCase,
  ours: readonly Contender[],
  packaged: readonly Contender[],
  size: Size,
): Promise<string> {
  const { title, bodyBytes, connections, connection, bufferBytes } = httpCase
  const options = bufferBytes === undefined ? {} : { bufferBytes }
  const nginx = nginxPeer('http', options)
  const haproxy = haproxyPeer('http', options)
  const contenders = [nginx, haproxy, ...ours, ...packaged]
  const count = scaled(httpCase.requests, size)
  const results = await contest({
    contenders,
    ends: requests(browserRequest(connection), answer(bodyBytes)),
    load: { connections, count, mode: connection === 'close' ? 'peer-closes' : 'keep' },
    unit: perRequest,
    rounds: size.rounds,
  })
  const peers = [
    { name: nginx.name, title: 'nginx' },
    { name: haproxy.name, title: 'HAProxy' },
    { name: packaged[0]!.name, title: 'fast-proxy' },
  ]
  const about = `GET with 12 browser headers (633 bytes), ${bodyBytes} bytes of body back; ${connections} connections, ${count} requests a round.`
  return `## ${title}\n\n${about}\n\n${costTable('CPU µs a request', contenders, results, peers)}`
}

async function idleSection(
  ours: readonly Contender[],
  packaged: readonly Contender[],
  size: Size,
): Promise<string> {
  const contenders = [nginxPeer('http'), haproxyPeer('http'), ...ours, ...packaged]
  const count = scaled(IDLE_CONNECTIONS, size)
  const results = await bytesPerIdle({
    contenders,
    connections: count,
    warmUpRequests: scaled(20_000, size),
    rounds: Math.min(size.rounds, IDLE_ROUNDS),
  })
  const of = (name: string): readonly number[] => results.get(name) ?? []
  const rows = contenders.map(({ name, command }) => {
    if (command === undefined) return [name, 'not installed']
    return [name, spread(of(name)), ratio(of(name), of('nginx')), ratio(of(name), of('HAProxy'))]
  })
  const about = `Growth of resident memory by ${count} connections that sent one request each and stay, after a warm-up over 64.`
  const head = ['', 'bytes a connection', '× nginx', '× HAProxy']
  return `## Idle connection\n\n${about}\n\n${table(head, rows)}`
}
