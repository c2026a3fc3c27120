/**
 * Mode lines: what a message costs that is balanced by itself, beside HAProxy, which balances the whole connection
 * it comes on and looks at no byte of it.
 *
 * The same clients and the same backend for all. Between them and piloti's backend are a few shared connections,
 * so that messages of many clients are written, and read, together.
 */
import { compilable } from './harness/compile.ts'
import { type Contender, floor, haproxyPeer, pilotiOn } from './harness/contenders.ts'
import { contest } from './harness/contest.ts'
import { messages } from './harness/ends.ts'
import { perRequest } from './harness/generator.ts'
import { nodes, reference } from './harness/nodes.ts'
import { conditions, costTable } from './harness/report.ts'
import { fullSize, type Size, scaled } from './harness/size.ts'

interface LinesCase {
  readonly title: string
  readonly connections: number
  readonly outstanding: number
  readonly messages: number
}

const cases: readonly LinesCase[] = [
  { title: 'One outstanding', connections: 64, outstanding: 1, messages: 60_000 },
  { title: 'Pipelined', connections: 64, outstanding: 16, messages: 200_000 },
]

/** How the price of a message grows with the clients. */
const growth = [1, 16, 64, 256, 1_000]

export async function run(size: Size = fullSize): Promise<string> {
  if (!compilable()) return 'Skipped: the load generator needs a C compiler `cc`.'
  const all = nodes()
  const contenders = [haproxyPeer('tcp'), ...all.map((node) => pilotiOn(node, 'lines')), floor()]
  const sections = [conditions(size, all)]
  for (const linesCase of cases) sections.push(await section(linesCase, contenders, size))
  const few = [haproxyPeer('tcp'), pilotiOn(reference(all), 'lines'), floor()]
  for (const connections of growth) {
    const title = `Growth: ${connections} client${connections === 1 ? '' : 's'}, one outstanding`
    const count = connections === 1 ? 10_000 : 40_000
    sections.push(await section({ title, connections, outstanding: 1, messages: count }, few, size))
  }
  return sections.join('\n\n')
}

async function section(
  { title, connections, messages: count, outstanding }: LinesCase,
  contenders: readonly Contender[],
  size: Size,
): Promise<string> {
  const total = Math.max(scaled(count, size), connections * outstanding)
  const results = await contest({
    contenders,
    ends: messages(),
    load: { connections, count: total, mode: `${outstanding}` },
    unit: perRequest,
    rounds: size.rounds,
  })
  const peers = [
    { name: 'HAProxy', title: 'HAProxy' },
    { name: 'floor (C, bytes only)', title: 'floor' },
  ]
  const about = `A JSON-RPC message of 64 bytes, an answer of 71; ${connections} connections, ${outstanding} outstanding on each, ${total} messages a round.`
  return `## ${title}\n\n${about}\n\n${costTable('CPU µs a message', contenders, results, peers)}`
}
