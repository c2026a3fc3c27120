/**
 * Mode tcp beside HAProxy and nginx: what a connection costs, and what a gigabyte costs.
 *
 * The price is the proxy's own CPU time, because it is what one buys more machines for, and because it
 * stays true on a busy machine. HAProxy and nginx appear with their usual 16 KB buffers and with 64 KB.
 */
import { compilable } from './harness/compile.ts'
import { type Contender, floor, haproxyPeer, nginxPeer, pilotiOn } from './harness/contenders.ts'
import { contest } from './harness/contest.ts'
import { bytes, requests } from './harness/ends.ts'
import { perRequest, secondsPerGigabyte } from './harness/generator.ts'
import { smallRequest, wholeAnswer } from './harness/messages.ts'
import { nodes } from './harness/nodes.ts'
import { conditions, costTable } from './harness/report.ts'
import { fullSize, type Size, scaled } from './harness/size.ts'

const CHURN_COUNT = 8_000
const CHURN_AT_ONCE = 32
const PACED_COUNT = 4_000
const PACED_A_SECOND = 4_000
const BULK_BYTES = 400_000_000
const BULK_CONNECTIONS = 4
const BUFFER_BYTES = 65_536

interface Churn {
  readonly title: string
  readonly mode: 'client-closes' | 'peer-closes'
  readonly backend: 'keep' | 'close'
  readonly count: number
  readonly rate?: number
}

const saturated = { count: CHURN_COUNT }

const churns: readonly Churn[] = [
  {
    ...saturated,
    title: 'A connection a request, the client ends it',
    mode: 'client-closes',
    backend: 'keep',
  },
  {
    ...saturated,
    title: 'A connection a request, the backend ends it',
    mode: 'peer-closes',
    backend: 'close',
  },
  {
    title: `The same at ${PACED_A_SECOND} connections a second`,
    mode: 'peer-closes',
    backend: 'close',
    count: PACED_COUNT,
    rate: PACED_A_SECOND,
  },
]

export async function run(size: Size = fullSize): Promise<string> {
  if (!compilable()) return 'Skipped: the load generator needs a C compiler `cc`.'
  const all = nodes()
  const ours = all.map((node) => pilotiOn(node, 'tcp'))
  const sections = [conditions(size, all)]
  for (const churn of churns) sections.push(await churnSection(churn, ours, size))
  for (const way of ['download', 'upload'] as const)
    sections.push(await bulkSection(way, ours, size))
  return sections.join('\n\n')
}

async function churnSection(churn: Churn, ours: readonly Contender[], size: Size): Promise<string> {
  const { title, mode, backend, rate } = churn
  const contenders = [haproxyPeer('tcp'), nginxPeer('tcp'), ...ours, floor()]
  const count = scaled(churn.count, size)
  const load = { connections: rate === undefined ? CHURN_AT_ONCE : rate / 10, count, mode }
  const results = await contest({
    contenders,
    ends: requests(smallRequest, wholeAnswer(100), backend),
    load: rate === undefined ? load : { ...load, rate },
    unit: perRequest,
    rounds: size.rounds,
  })
  const peers = [
    { name: 'HAProxy', title: 'HAProxy' },
    { name: 'nginx stream', title: 'nginx' },
  ]
  const pace = rate === undefined ? `${CHURN_AT_ONCE} at once` : 'the proxy is idle in between'
  const about = `A 60-byte request, a 100-byte answer, FIN both ways; ${pace}, ${count} a round.`
  return `## ${title}\n\n${about}\n\n${costTable('CPU µs a connection', contenders, results, peers)}`
}

async function bulkSection(
  mode: 'download' | 'upload',
  ours: readonly Contender[],
  size: Size,
): Promise<string> {
  const large = { bufferBytes: BUFFER_BYTES }
  const contenders = [
    haproxyPeer('tcp'),
    haproxyPeer('tcp', large),
    haproxyPeer('tcp', { ...large, splice: true }),
    nginxPeer('tcp'),
    nginxPeer('tcp', large),
    ...ours,
    floor(),
  ]
  const count = scaled(BULK_BYTES, size)
  const results = await contest({
    contenders,
    ends: bytes(),
    load: { connections: BULK_CONNECTIONS, count, mode },
    unit: secondsPerGigabyte,
    rounds: size.rounds,
  })
  const peers = [
    { name: 'HAProxy, 64 KB', title: 'HAProxy 64 KB' },
    { name: 'HAProxy', title: 'HAProxy' },
    { name: 'nginx stream', title: 'nginx' },
  ]
  const about = `${count / 1e6} MB a round in ${BULK_CONNECTIONS} connections; the rate is in GB.`
  return `## Bulk ${mode}\n\n${about}\n\n${costTable('CPU s a GB', contenders, results, peers)}`
}
