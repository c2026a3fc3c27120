// @ts-check
// Breaks and changes everything behind a piloti under load, and says which requests failed, and whether they
// had to. Started by chaos.sh.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Backend, breakBackends } from './chaos/backends.mjs'
import { Seen, startClients } from './chaos/clients.mjs'
import { Dice } from './chaos/dice.mjs'
import { Piloti } from './chaos/orders.mjs'
import { endAll, freePorts, order, startServer } from './chaos/processes.mjs'
import { describe, judge } from './chaos/verdict.mjs'

const usage = `Usage: scripts/chaos.sh [options]

Starts π backends and piloti in front of them, lets clients ask for π, and
meanwhile kills, stops, drains, re-weights, adds and removes backends, swaps
the strategy, rewrites and breaks the file, and reloads. Only a request that
was on a stopped backend may fail.

  scripts/chaos.sh
  scripts/chaos.sh --seed 7 --duration 300

  --duration SECONDS   how long (default 60)
  --connections N      clients at a time (default 64)
  --seed N             what is done, and when (default: by chance)
  --every SECONDS      between two things that are done to backends, and
                       between two orders (default 2)
  --json               the result as one JSON document, and no timeline
  -h, --help           this text

Exit codes: 0 no request failed that did not have to, 1 some did, or something
else went wrong, 2 bad usage`

/** A stopped backend is to be noticed soon. */
const responseTimeoutMs = 3_000
const startMs = performance.now()
const ending = new AbortController()
let folder = ''
let isInterrupted = false

/** @typedef {{ atMs: number, text: string }} Moment */

/** @type {Moment[]} */
const timeline = []
const plan = readPlan()

for (const [name, number] of /** @type {const} */ ([
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
])) {
  process.on(name, () => {
    isInterrupted = true
    void cleanUp().finally(() => process.exit(128 + number))
  })
}
try {
  const report = await run()
  await cleanUp()
  console.log(plan.json ? JSON.stringify(report) : describe(report))
  process.exitCode = report.ok ? 0 : 1
} catch (error) {
  await cleanUp()
  if (!isInterrupted) console.error(`chaos: ${/** @type {Error} */ (error).message}`)
  process.exitCode = 1
}

async function run() {
  const { seconds, connections, everyMs, seed } = plan
  folder = await mkdtemp(join(tmpdir(), 'piloti-chaos-'))
  /** @type {string[]} */
  const noise = []
  const hearBackend = (/** @type {string} */ line) => void noise.push(`a backend: ${line}`)
  const backends = (await freePorts(6)).map((port) => new Backend(port))
  await Promise.all(backends.map((backend) => backend.start(hearBackend)))
  const steered = new Piloti(backends, {
    folder,
    responseTimeoutMs,
    say: (text) => say(`> ${text}`),
    random: new Dice(seed),
    hangUp: () => server.child.kill('SIGHUP'),
  })
  await steered.write()
  const accessLog = join(folder, 'access.log')
  const server = await startServer(
    ['proxy', '--config', steered.file, '--access-log', accessLog],
    (line) => {
      const entry = read(line)
      if (entry === undefined) return void noise.push(line)
      steered.hear(entry)
      if (entry.event !== 'request_failed') say(`    ${entry.level} ${entry.message}`)
    },
  )
  const ids = backends.map(({ id }) => id)
  say(`seed ${seed}: piloti at ${server.address}, backends ${ids.join(', ')}`)
  const died = new Promise((_resolve, reject) => {
    server.child.once('exit', (code, signal) =>
      reject(new Error(`piloti ended: ${code ?? signal}`)),
    )
  })
  died.catch(() => {})

  const seen = new Seen()
  const clients = startClients({ url: `http://${server.address}`, connections, seconds, seen })
  const ticks = setInterval(() => say(tick(seen)), 1_000)
  const over = setTimeout(() => ending.abort(), seconds * 1_000)
  const random = new Dice(seed + 1)
  const work = Promise.all([
    clients.done,
    steered.steer(everyMs, ending.signal),
    breakBackends(steered.base, { random, everyMs, signal: ending.signal, say, hear: hearBackend }),
  ])
  try {
    await Promise.race([work, died])
  } finally {
    clearInterval(ticks)
    clearTimeout(over)
    ending.abort()
    clients.stop()
  }
  const faults = [...steered.faults, ...(await inspect(steered)), ...noise]
  server.child.kill('SIGTERM')
  const code = await exitCode(server.child)
  if (code !== 0) faults.push(`piloti ended with ${code} after SIGTERM`)
  const failed = await failedIn(accessLog)
  return judge({ plan, seen, failed, backends, faults, responseTimeoutMs, timeline, startMs })
}

/**
 * What the access log says of requests that failed: the log tells them once and counts them then.
 *
 * @param {string} path @returns {Promise<import('./chaos/verdict.mjs').Failed[]>}
 */
async function failedIn(path) {
  const lines = (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '')
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ status }) => status >= 500 || status === 499)
    .map(({ backend, durationMs, end, status, time }) => {
      const atMs = Date.parse(time) + durationMs - performance.timeOrigin
      return { atMs, backend, end, status }
    })
}

/**
 * What a piloti says of itself, once all backends run again and nobody asks it for anything.
 *
 * @param {Piloti} steered @returns {Promise<string[]>} what is not as it should be.
 */
async function inspect(steered) {
  const wanted = steered.named.map(({ id, weight }) => `${id} weight ${weight} up, 0 active`).sort()
  /** @type {string[]} */
  let found = []
  for (const endMs = performance.now() + 15_000; performance.now() < endMs; await delay(200)) {
    const { stdout } = await order(['status', '--json', '--admin', steered.admin])
    const { backends } = Object.values(JSON.parse(stdout).pools)[0]
    found = backends
      .map(
        (/** @type {any} */ { id, fullWeight, health, active }) =>
          // Its trial takes work, and there is none any more.
          `${id} weight ${fullWeight} ${health === 'ejected' ? 'up' : health}, ${active} active`,
      )
      .sort()
    if (found.join() === wanted.join()) return []
  }
  return [`at the end there is: ${found.join('; ')}`, `and not: ${wanted.join('; ')}`]
}

/** @param {import('node:child_process').ChildProcess} child */
async function exitCode(child) {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise((resolve) => child.once('exit', resolve))
  }
  return child.exitCode ?? child.signalCode
}

/** @param {string} line @returns {import('./chaos/verdict.mjs').Told | undefined} */
function read(line) {
  try {
    const { level, event, msg, ...rest } = JSON.parse(line)
    return { atMs: performance.now(), level, event, message: msg, ...rest }
  } catch {
    return undefined
  }
}

/** @param {Seen} seen */
function tick(seen) {
  const { answersNow, failuresNow } = seen
  seen.answersNow = 0
  seen.failuresNow = 0
  return `${answersNow} answers${failuresNow === 0 ? '' : `, ${failuresNow} failures`}`
}

/** @param {string} text */
function say(text) {
  const atMs = performance.now() - startMs
  timeline.push({ atMs: Math.round(atMs), text })
  if (!plan.json) console.log(`${(atMs / 1_000).toFixed(1).padStart(6)} s  ${text}`)
}

async function cleanUp() {
  ending.abort()
  await endAll()
  if (folder !== '') await rm(folder, { recursive: true, force: true })
}

function readPlan() {
  try {
    const { values } = parseArgs({
      options: {
        duration: { type: 'string', default: '60' },
        connections: { type: 'string', default: '64' },
        seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
        every: { type: 'string', default: '2' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) {
      console.log(usage)
      process.exit(0)
    }
    return {
      seconds: number('--duration', values.duration, /^\d+$/, 1, 86_400),
      connections: number('--connections', values.connections, /^\d+$/, 1, 1_000),
      seed: number('--seed', values.seed, /^\d+$/, 0, 2 ** 31),
      everyMs: number('--every', values.every, /^\d+(\.\d+)?$/, 0.1, 3_600) * 1_000,
      json: values.json === true,
    }
  } catch (error) {
    console.error(`chaos: ${/** @type {Error} */ (error).message}\n\n${usage}`)
    process.exit(2)
  }
}

/** @param {string} name @param {string} text @param {RegExp} form @param {number} least @param {number} most */
function number(name, text, form, least, most) {
  const value = form.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new Error(`${name}: '${text}' is not a number from ${least} to ${most}`)
}
