/**
 * What one bad backend of four does to the clients of the other three, for each strategy.
 *
 * A real piloti, four real backends that wait 8 ms and compute next to nothing, and clients that do not wait
 * for one another. While it runs, one of the four begins to take 100 ms more, then is well again, then
 * answers at once with 500. The backends are as fast with much load as with little: what is seen is what
 * the strategies know of time and errors, not of queues.
 */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { seeded } from '../src/base/random.ts'
import { pinned, start } from './harness/child.ts'
import { pilotiCli } from './harness/contenders.ts'
import { figure, median, percentile, ratio, spread } from './harness/numbers.ts'
import { OpenLoop } from './harness/open-loop.ts'
import { freePort, listening } from './harness/ports.ts'
import { interleave } from './harness/rounds.ts'
import { fullSize, type Size } from './harness/size.ts'
import { table } from './harness/table.ts'
import { type Waiting, waiting } from './harness/waiting.ts'

const STRATEGIES = [
  'round-robin',
  'least-connections',
  'two-choices',
  'least-response-time',
  'peak-ewma',
]
const BACKENDS = 4
const WAIT_MS = 8
const INJECTED_MS = 100
/**
 * Requests a second. An honest 99th percentile needs many: a strategy has to try a slow backend now and
 * then, a few times a second, to see whether it is well again, and at 100 a second that is 1 in 100.
 */
const RATE = 400
const SECONDS = { warmUp: 1, healthy: 4, slow: 8, back: 30, failing: 4 }

interface Outcome {
  readonly healthy: Phase
  readonly slow: Phase
  readonly failing: Phase
  /** From the end of the slowness until the backend got half of its fair share for a second. */
  readonly backS: number
}

interface Phase {
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of the requests, for each backend. */
  readonly shares: readonly number[]
}

export async function run(size: Size = fullSize): Promise<string> {
  if (!existsSync(pilotiCli)) return 'Skipped: build piloti first.'
  const runners = STRATEGIES.map((name) => ({ name, round: () => play(name, size) }))
  const outcomes = await interleave(runners, size.rounds, 0)
  const about = [
    `Node ${process.version}, ${availableParallelism()} cores${pinned ? ', the proxy pinned to one of them' : ''}.`,
    `Median of ${size.rounds} rounds (least–most), interleaved; ${RATE} requests a second at random times.`,
    `Each round: ${SECONDS.warmUp} s to warm up, ${SECONDS.healthy} s with all well, ${SECONDS.slow} s with ${INJECTED_MS} ms more at one (from its first`,
    `request on), until that has come back, and ${SECONDS.failing} s with 500 after 1 ms from one.`,
    'What else the machine does makes times longer, never shorter: × at best divides the least of the rounds.',
  ]
  return [about.join('\n'), times(outcomes), shares(outcomes)].join('\n\n')
}

type Outcomes = ReadonlyMap<string, readonly Outcome[]>

function times(outcomes: Outcomes): string {
  const head = ['ms', 'p50 well', 'p50 one slow', 'p99 well', 'p99 one slow', '× well', '× at best']
  const rows = [...outcomes].map(([name, rounds]) => {
    const of = (phase: 'healthy' | 'slow', key: 'p50Ms' | 'p99Ms'): number[] =>
      rounds.map((round) => round[phase][key])
    return [
      name,
      figure(median(of('healthy', 'p50Ms'))),
      figure(median(of('slow', 'p50Ms'))),
      spread(of('healthy', 'p99Ms')),
      spread(of('slow', 'p99Ms')),
      ratio(of('slow', 'p99Ms'), of('healthy', 'p99Ms')),
      ratio([Math.min(...of('slow', 'p99Ms'))], [Math.min(...of('healthy', 'p99Ms'))]),
    ]
  })
  return `## Response times\n\n${table(head, rows)}`
}

function shares(outcomes: Outcomes): string {
  const head = ['% of the requests', 'least, all well', 'the slow one', 'back after s', 'failing']
  const rows = [...outcomes].map(([name, rounds]) => [
    name,
    spread(rounds.map(({ healthy }) => 100 * Math.min(...healthy.shares))),
    spread(rounds.map(({ slow }) => 100 * slow.shares[0]!)),
    spread(rounds.map(({ backS }) => backS)),
    spread(rounds.map(({ failing }) => 100 * failing.shares[0]!)),
  ])
  return `## Shares\n\n${table(head, rows)}`
}

/** All that happens in one round of one strategy. */
async function play(strategy: string, size: Size): Promise<Outcome> {
  const backends = await Promise.all(Array.from({ length: BACKENDS }, () => waiting(WAIT_MS)))
  const port = await freePort()
  const addresses = backends.map((backend) => `127.0.0.1:${backend.port}`)
  const args = [...['proxy', '--strategy', strategy, '--listen', `127.0.0.1:${port}`], '--admin']
  const piloti = start('proxy', {
    file: process.execPath,
    args: [pilotiCli, ...args, 'off', '--log-level', 'warn', ...addresses],
  })
  const load = new OpenLoop(port, RATE, seeded(1))
  const phase = (seconds: number): Promise<Phase> =>
    measure(load, backends, Math.max(300, seconds * 1_000 * size.share))
  try {
    await listening(port, AbortSignal.timeout(10_000))
    await phase(SECONDS.warmUp)
    const healthy = await phase(SECONDS.healthy)
    const bad = backends[0]!
    bad.waitMs += INJECTED_MS
    const slow = await phase(SECONDS.slow)
    bad.waitMs -= INJECTED_MS
    const backS = await untilBack(phase)
    Object.assign(bad, { status: 500, waitMs: 1 })
    return { healthy, slow, backS, failing: await phase(SECONDS.failing) }
  } finally {
    load.close()
    await piloti.stop()
    for (const backend of backends) backend.close()
  }
}

async function measure(
  load: OpenLoop,
  backends: readonly Waiting[],
  durationMs: number,
): Promise<Phase> {
  const before = backends.map(({ count }) => count)
  const timesMs = await load.run(durationMs)
  const shares = backends.map(({ count }, i) => (count - before[i]!) / timesMs.length)
  return { p50Ms: percentile(timesMs, 0.5), p99Ms: percentile(timesMs, 0.99), shares }
}

async function untilBack(phase: (seconds: number) => Promise<Phase>): Promise<number> {
  for (let seconds = 1; seconds <= SECONDS.back; seconds++) {
    const { shares } = await phase(1)
    if (shares[0]! >= 0.5 / BACKENDS) return seconds
  }
  return Number.POSITIVE_INFINITY
}
