/**
 * What an access log costs: mode http with and without one, beside nginx and HAProxy doing the same.
 *
 * nginx gathers lines as piloti does; HAProxy writes each by itself. All write to files on one disk. What matters is
 * the difference that a log makes: its column is the median of each with a log less the median without.
 */
import { join } from 'node:path'
import { compilable } from './harness/compile.ts'
import { type Contender, haproxyPeer, nginxPeer, pilotiOn } from './harness/contenders.ts'
import { contest, type Results } from './harness/contest.ts'
import { requests } from './harness/ends.ts'
import { perRequest } from './harness/generator.ts'
import { answer, browserRequest } from './harness/messages.ts'
import { nodes } from './harness/nodes.ts'
import { figure, median } from './harness/numbers.ts'
import { conditions, costsOf, costTable } from './harness/report.ts'
import { scratch } from './harness/scratch.ts'
import { fullSize, type Size, scaled } from './harness/size.ts'
import { table } from './harness/table.ts'

const formats = ['json', 'combined', 'timing']
const load = { connections: 64, mode: 'keep' } as const
const REQUESTS = 60_000

/** A contender with a log, and the same without. */
interface Pair {
  readonly plain: Contender
  readonly logging: Contender
}

export async function run(size: Size = fullSize): Promise<string> {
  if (!compilable()) return 'Skipped: the load generator needs a C compiler `cc`.'
  const all = nodes()
  const logFile = (name: string): string => join(scratch(), `${name}.log`)
  const pairs: Pair[] = [
    { plain: nginxPeer('http'), logging: nginxPeer('http', { logFile: logFile('nginx') }) },
    { plain: haproxyPeer('http'), logging: haproxyPeer('http', { logFile: logFile('haproxy') }) },
    ...all.flatMap((node) => {
      const plain = pilotiOn(node, 'http')
      return formats.map((format) => {
        const file = logFile(`piloti-${node.version}-${format}`)
        const flags = ['--access-log', file, '--access-log-format', format]
        return { plain, logging: pilotiOn(node, 'http', { about: format, flags }) }
      })
    }),
  ]
  const contenders = [...new Set(pairs.flatMap(({ plain, logging }) => [plain, logging]))]
  const count = scaled(REQUESTS, size)
  const results = await contest({
    contenders,
    ends: requests(browserRequest('keep-alive'), answer(100)),
    load: { ...load, count },
    unit: perRequest,
    rounds: size.rounds,
  })
  const about = `GET with 12 browser headers (633 bytes), 100 bytes of body back; ${load.connections} connections, ${count} requests a round.`
  const peers = [{ name: 'nginx', title: 'nginx' }]
  return [
    conditions(size, all),
    about,
    costTable('CPU µs a request', contenders, results, peers),
    differences(pairs, results),
  ].join('\n\n')
}

function differences(pairs: readonly Pair[], results: Results): string {
  const rows = pairs.map(({ plain, logging }) => {
    const [with_, without] = [logging, plain].map(({ name }) => median(costsOf(results, name)))
    return [logging.name, figure(with_! - without!), `${figure((with_! / without! - 1) * 100)} %`]
  })
  return table(['what the log adds', 'CPU µs a request', 'of a request'], rows)
}
