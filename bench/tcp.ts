/**
 * Mode tcp beside HAProxy and nginx: what a connection costs, and what a gigabyte costs.
 *
 * The price is the proxy's own CPU time, because it is what one buys more machines for, and because it
 * stays true on a busy machine. HAProxy and nginx appear with their usual 16 KB buffers and with 64 KB.
 */
import type { Command } from './harness/child.ts'
import { compilable, compile } from './harness/compile.ts'
import { type Contender, floor, haproxyPeer, nginxPeer, pilotiOn } from './harness/contenders.ts'
import { contest } from './harness/contest.ts'
import { perRequest, secondsPerGigabyte } from './harness/generator.ts'
import { smallRequest, wholeAnswer } from './harness/messages.ts'
import { nodes } from './harness/nodes.ts'
import { conditions, costTable } from './harness/report.ts'
import { save } from './harness/scratch.ts'
import { fullSize, type Size, scaled } from './harness/size.ts'

const CONNECTIONS_A_ROUND = 15_000
const CONNECTIONS_AT_ONCE = 32
const BULK_BYTES = 1_000_000_000
const BULK_CONNECTIONS = 4
const BUFFER_BYTES = 65_536

const churnCases = [
  { ends: 'client-closes', backend: 'keep', title: 'A connection a request, the client ends it' },
  { ends: 'peer-closes', backend: 'close', title: 'A connection a request, the backend ends it' },
] as const

const bulkCases = [
  { way: 'download', title: 'Bulk download' },
  { way: 'upload', title: 'Bulk upload' },
] as const

export async function run(size: Size = fullSize): Promise<string> {
  if (!compilable()) return 'Skipped: the load generator needs a C compiler `cc`.'
  const all = nodes()
  const ours = all.map((node) => pilotiOn(node, 'tcp'))
  const sections = [conditions(size, all)]
  for (const churn of churnCases) sections.push(await churnSection(churn, ours, size))
  for (const bulk of bulkCases) sections.push(await bulkSection(bulk, ours, size))
  return sections.join('\n\n')
}

async function churnSection(
  { ends, backend, title }: (typeof churnCases)[number],
  ours: readonly Contender[],
  size: Size,
): Promise<string> {
  const contenders = [haproxyPeer('tcp'), nginxPeer('tcp'), ...ours, floor()]
  const count = scaled(CONNECTIONS_A_ROUND, size)
  const request = save('request', smallRequest)
  const results = await contest({
    contenders,
    backend: { file: compile('answers'), args: [save('answer', wholeAnswer(100)), backend] },
    load: (port): Command => ({
      file: compile('load'),
      args: [`${port}`, `${CONNECTIONS_AT_ONCE}`, `${count}`, ends, request],
    }),
    unit: perRequest,
    rounds: size.rounds,
  })
  const peers = [
    { name: 'HAProxy', title: 'HAProxy' },
    { name: 'nginx stream', title: 'nginx' },
  ]
  const about = `A 60-byte request, a 100-byte answer, FIN both ways; ${CONNECTIONS_AT_ONCE} at once, ${count} a round.`
  return `## ${title}\n\n${about}\n\n${costTable('CPU µs a connection', contenders, results, peers)}`
}

async function bulkSection(
  { way, title }: (typeof bulkCases)[number],
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
  const bytes = scaled(BULK_BYTES, size)
  const results = await contest({
    contenders,
    backend: { file: compile('source'), args: [] },
    load: (port): Command => ({
      file: compile('bulk'),
      args: [`${port}`, `${BULK_CONNECTIONS}`, `${bytes}`, way],
    }),
    unit: secondsPerGigabyte,
    rounds: size.rounds,
  })
  const peers = [
    { name: 'HAProxy, 64 KB', title: 'HAProxy 64 KB' },
    { name: 'HAProxy', title: 'HAProxy' },
    { name: 'nginx stream', title: 'nginx' },
  ]
  const about = `${bytes / 1e6} MB a round in ${BULK_CONNECTIONS} connections; the rate is in GB.`
  return `## ${title}\n\n${about}\n\n${costTable('CPU s a GB', contenders, results, peers)}`
}
