/**
 * What open dashboards cost the clients: one piloti, nobody who looks and then many, in turns.
 *
 * Each viewer follows `/events` in the process that makes the load, as a browser does, so the sampler, the
 * JSON and the writes are all paid for. Clients do not wait for one another.
 */
import { existsSync } from 'node:fs'
import { get } from 'node:http'
import { availableParallelism } from 'node:os'
import { seeded } from '../src/base/random.ts'
import { pinned, start } from './harness/child.ts'
import { pilotiCli } from './harness/contenders.ts'
import { percentile, ratio, spread } from './harness/numbers.ts'
import { OpenLoop } from './harness/open-loop.ts'
import { freePort, listening } from './harness/ports.ts'
import { fullSize, type Size } from './harness/size.ts'
import { table } from './harness/table.ts'
import { waiting } from './harness/waiting.ts'

const BACKENDS = 8
const WAIT_MS = 5
/** Requests a second. */
const RATE = 400
const SECONDS = 10
const VIEWERS = [0, 1, 50]

export async function run(size: Size = fullSize): Promise<string> {
  if (!existsSync(pilotiCli)) return 'Skipped: build piloti first.'
  const backends = await Promise.all(Array.from({ length: BACKENDS }, () => waiting(WAIT_MS)))
  const [port, adminPort] = [await freePort(), await freePort()]
  const where = ['--listen', `127.0.0.1:${port}`, '--admin', `127.0.0.1:${adminPort}`]
  const addresses = backends.map((backend) => `127.0.0.1:${backend.port}`)
  const args = [pilotiCli, 'proxy', ...where, '--log-level', 'warn', ...addresses]
  const piloti = start('proxy', { file: process.execPath, args })
  const load = new OpenLoop(port, RATE, seeded(1))
  const durationMs = Math.max(300, SECONDS * 1_000 * size.share)
  const times = new Map<number, number[][]>(VIEWERS.map((count) => [count, []]))
  try {
    await listening(port, AbortSignal.timeout(10_000))
    await load.run(durationMs / 4)
    for (let round = 0; round < size.rounds; round++) {
      for (const [count, rounds] of times) {
        const leave = await look(adminPort, count)
        rounds.push(await load.run(durationMs))
        leave()
      }
    }
  } finally {
    load.close()
    await piloti.stop()
    for (const backend of backends) backend.close()
  }
  return told(times, size)
}

/** Opens so many dashboards. @returns how to close them. */
async function look(port: number, count: number): Promise<() => void> {
  const all = Array.from({ length: count }, () =>
    get({ host: '127.0.0.1', port, path: '/events', agent: false }, (response) => {
      response.on('error', () => {}).resume()
    }).on('error', () => {}),
  )
  await Promise.all(all.map((each) => new Promise((resolve) => each.once('response', resolve))))
  return () => {
    for (const each of all) each.destroy()
  }
}

function told(times: ReadonlyMap<number, readonly number[][]>, { rounds }: Size): string {
  const of = (count: number, share: number): number[] =>
    times.get(count)!.map((round) => percentile(round, share))
  const rows = [...times.keys()].map((count) => [
    String(count),
    spread(of(count, 0.5)),
    spread(of(count, 0.99)),
    ratio(of(count, 0.99), of(0, 0.99)),
    ratio([Math.min(...of(count, 0.99))], [Math.min(...of(0, 0.99))]),
  ])
  const about = [
    `Node ${process.version}, ${availableParallelism()} cores${pinned ? ', the proxy pinned to one of them' : ''}.`,
    `Median of ${rounds} rounds (least–most) of ${SECONDS} s, in turns; ${RATE} requests a second at random times, ${BACKENDS} backends.`,
    'What else the machine does makes times longer, never shorter: × at best divides the least of the rounds.',
  ]
  const head = ['viewers', 'p50 ms', 'p99 ms', '× p99', '× at best']
  return `${about.join('\n')}\n\n${table(head, rows)}`
}
