// @ts-check
// Sends π requests through a running proxy, checks every digit of every answer, and says how fast it
// was and which backend answered how often. Started by stress.sh.
import { once } from 'node:events'
import { connect } from 'node:net'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { piDigits } from '../dist/src/base/pi.js'

const usage = `Usage: scripts/stress.sh [REQUESTS=100] [CLIENTS=5] [DIGITS=100] [options]

Asks the running proxy for π: REQUESTS requests by CLIENTS clients at a time,
the first one for DIGITS digits and each further one for one digit more.

  scripts/stress.sh
  scripts/stress.sh 10000 50
  scripts/stress.sh 20 4 100000 --url http://127.0.0.1:9000

  --url URL    the proxy (default http://127.0.0.1:8080)
  --json       the result as one JSON document
  -h, --help   this text

Exit codes: 0 every answer was right, 1 some were not, 2 bad usage,
5 the proxy cannot be reached`

const requestsMax = 100_000
const clientsMax = 1_000
/** What a π backend computes at most, by default. */
const digitsMax = 1_000_000
const timeoutSeconds = 60
const reachTimeoutMs = 3_000
/** So many wrong answers are explained; the others are counted. */
const explainedMax = 5

/**
 * @typedef {{ url: URL, requests: number, clients: number, digits: number, json: boolean }} Plan
 * @typedef {{ digits: number, ms?: number, backend?: string, problem?: string, detail?: string }} Result
 * `problem` is the kind, the same for all of a kind; `detail` is what this one looked like.
 */

async function main() {
  const plan = readPlan()
  const unreachable = await reach(plan.url)
  if (unreachable !== undefined) {
    console.error(`stress: cannot reach the proxy at ${plan.url.origin}: ${unreachable}
start it with ./scripts/setup.sh, or say where it is with --url`)
    process.exit(5)
  }
  const right = piDigits(plan.digits + plan.requests - 1)
  const progress = createProgress(plan.requests)
  const startMs = performance.now()
  const results = await run(plan, right, progress.step)
  const report = summarize(plan, results, performance.now() - startMs)
  progress.end()
  const dashboard = plan.json ? undefined : await findDashboard(plan.url)
  console.log(plan.json ? JSON.stringify(report) : describe(report))
  if (dashboard !== undefined) console.log(`\nwho gets the work, live: ${dashboard}`)
  process.exit(report.failed === 0 ? 0 : 1)
}

/** @returns {Plan} */
function readPlan() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        url: { type: 'string', default: 'http://127.0.0.1:8080' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.help) {
      console.log(usage)
      process.exit(0)
    }
    if (positionals.length > 3) throw new Error(`too many arguments: '${positionals[3]}'`)
    const [requests, clients, digits] = positionals
    const plan = {
      url: proxyUrl(String(values.url)),
      requests: whole('REQUESTS', requests ?? '100', 1, requestsMax),
      clients: whole('CLIENTS', clients ?? '5', 1, clientsMax),
      digits: whole('DIGITS', digits ?? '100', 0, digitsMax),
      json: values.json === true,
    }
    const last = plan.digits + plan.requests - 1
    if (last <= digitsMax) return plan
    throw new Error(`the last request would be for ${last} digits: at most ${digitsMax}`)
  } catch (error) {
    console.error(`stress: ${/** @type {Error} */ (error).message}\n\n${usage}`)
    process.exit(2)
  }
}

/** @param {string} text */
function proxyUrl(text) {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:') return url
  throw new Error(`--url: '${text}' is not a URL: write http://HOST:PORT`)
}

/** @param {string} name @param {string} text @param {number} least @param {number} most */
function whole(name, text, least, most) {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new Error(`${name}: '${text}' is not a whole number from ${least} to ${most}`)
}

/** @param {URL} url @returns {Promise<string | undefined>} why the proxy cannot be reached. */
async function reach({ hostname, port }) {
  const host = hostname.replace(/^\[|\]$/g, '')
  const socket = connect({ host, port: Number(port || 80) })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(reachTimeoutMs) })
    return undefined
  } catch (error) {
    const { name, code, message } = /** @type {NodeJS.ErrnoException} */ (error)
    return name === 'AbortError' ? `no answer within ${reachTimeoutMs} ms` : (code ?? message)
  } finally {
    socket.destroy()
  }
}

/**
 * Where a browser shows what happens, if the piloti that is steered at the usual place is this one.
 *
 * @param {URL} proxy
 */
async function findDashboard({ port }) {
  const url = 'http://127.0.0.1:9901/'
  try {
    const answer = await fetch(`${url}status`, { signal: AbortSignal.timeout(500) })
    const { listeners } = await answer.json()
    const ends = Object.values(listeners).map(({ address }) => address.split(':').at(-1))
    return ends.includes(port || '80') ? url : undefined
  } catch {
    return undefined
  }
}

/**
 * Lets each client ask for one number after the other.
 *
 * @param {Plan} plan @param {string} right @param {() => void} step
 */
async function run({ url, requests, clients, digits }, right, step) {
  /** @type {Result[]} */
  const results = []
  let next = digits
  const client = async () => {
    while (next < digits + requests) {
      results.push(await ask(url, next++, right))
      step()
    }
  }
  await Promise.all(Array.from({ length: Math.min(clients, requests) }, client))
  return results
}

/**
 * One request on a connection of its own.
 *
 * In mode tcp a connection stays with its backend, so only new connections show how work is spread.
 * And an autocannon that keeps its connections sends again, without a word, what was lost with one
 * of them: with a single request each, it cannot, and every failure is seen.
 *
 * @param {URL} url @param {number} digits @param {string} right @returns {Promise<Result>}
 */
function ask(url, digits, right) {
  /** @type {Result} */
  const result = { digits, problem: 'connection closed before the answer was complete' }
  return new Promise((resolve, reject) => {
    const setupClient = (/** @type {autocannon.Client} */ client) => {
      observe(client, result, right)
      events(client).on('done', () => resolve(result))
    }
    const one = { connections: 1, amount: 1, timeout: timeoutSeconds, setupClient }
    const spare = { skipAggregateResult: true, sampleInt: 10, histograms: unused }
    autocannon({ url: url.origin, ...one, ...spare }, (error) => error && reject(error))
  })
}

/**
 * Lets `client` ask, and writes what comes of it into `result`.
 *
 * @param {autocannon.Client} client @param {Result} result @param {string} right
 */
function observe(client, result, right) {
  const { digits } = result
  const onResponse = (
    /** @type {number} */ status,
    /** @type {string} */ body,
    /** @type {object} */ _context,
    /** @type {import('node:http').IncomingHttpHeaders} */ headers = {},
  ) => {
    const name = Object.keys(headers).find((key) => key.toLowerCase() === 'x-backend')
    result.backend = name === undefined ? 'unnamed' : String(headers[name])
    result.problem = undefined
    Object.assign(result, check(status, body, right.slice(0, digits === 0 ? 1 : digits + 2)))
  }
  client.setRequests([{ method: 'GET', path: `/${digits}`, onResponse }])
  client.on('response', (_status, _bytes, ms) => {
    result.ms = ms
  })
  events(client).on('connError', (error) => {
    result.problem = `connection failed: ${error.code ?? error.message}`
  })
  events(client).on('timeout', () => {
    result.problem = `no answer within ${timeoutSeconds} s`
  })
}

/** @param {unknown} client its types name only some of its events. @returns {import('node:events')} */
const events = (client) => /** @type {import('node:events')} */ (client)

const ignore = () => {}
/** Three histograms for each request cost more than the request. The times are in the results. */
const nothing = { recordValue: ignore, reset: ignore, destroy: ignore, __custom: true }
const unused = { latencies: nothing, requests: nothing, throughput: nothing }

/** @param {number} status @param {string} body @param {string} right @returns {Partial<Result>} */
function check(status, body, right) {
  const said = body.trimEnd()
  if (status !== 200) return { problem: `status ${status}`, detail: JSON.stringify(excerpt(said)) }
  if (said === right) return {}
  if (said.length !== right.length) {
    const detail = `${said.length} characters instead of ${right.length}: '${excerpt(said)}'`
    return { problem: 'wrong digits', detail }
  }
  const at = [...right].findIndex((digit, index) => digit !== said[index])
  return { problem: 'wrong digits', detail: `the first wrong one is number ${at - 1}` }
}

/** @param {string} text */
const excerpt = (text) => (text.length > 100 ? `${text.slice(0, 100)}…` : text)

/** @param {Plan} plan @param {Result[]} results @param {number} durationMs */
function summarize({ url, requests, clients, digits }, results, durationMs) {
  const failures = results.filter(({ problem }) => problem !== undefined)
  const times = results.flatMap(({ ms }) => ms ?? []).sort((a, b) => a - b)
  const at = (/** @type {number} */ share) =>
    round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0)
  const answered = results.filter(({ backend }) => backend !== undefined)
  return {
    url: url.origin,
    requests,
    clients,
    digits,
    ok: requests - failures.length,
    failed: failures.length,
    durationMs: round(durationMs),
    requestsPerSecond: round((answered.length / durationMs) * 1_000),
    latency: { p50Ms: at(0.5), p90Ms: at(0.9), p99Ms: at(0.99), maxMs: at(1) },
    errors: tally(failures.map(({ problem }) => String(problem))),
    backends: tally(answered.map(({ backend }) => String(backend))),
    failures: failures.sort((a, b) => a.digits - b.digits).slice(0, explainedMax),
  }
}

/** How often each comes, by name. @param {string[]} names @returns {Record<string, number>} */
function tally(names) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const name of names.sort()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Object.fromEntries(counts)
}

/** @param {number} value */
const round = (value) => Math.round(value * 100) / 100

/** @param {ReturnType<typeof summarize>} report */
function describe(report) {
  const { requests, clients, digits, latency, errors, backends, failures } = report
  const last = digits + requests - 1
  const lines = [
    `${requests} requests by ${clients} clients to ${report.url}, ${digits} to ${last} digits`,
    '',
    `  ${report.requestsPerSecond} requests/s, ${report.durationMs} ms in all`,
    `  latency in ms: median ${latency.p50Ms}, 90 % ${latency.p90Ms}, 99 % ${latency.p99Ms}, longest ${latency.maxMs}`,
    '',
    ...bars(backends),
    '',
  ]
  if (failures.length === 0) return [...lines, `all ${requests} answers are right`].join('\n')
  lines.push(`${report.failed} of ${requests} failed:`)
  for (const [problem, count] of Object.entries(errors)) lines.push(`  ${count} × ${problem}`)
  lines.push('', failures.length < report.failed ? 'the first of them:' : 'in detail:')
  for (const { digits, backend, problem, detail } of failures) {
    const by = backend === undefined ? '' : ` by ${backend}`
    lines.push(`  GET /${digits}${by}: ${problem}${detail === undefined ? '' : `, ${detail}`}`)
  }
  return lines.join('\n')
}

/** @param {Record<string, number>} counts */
function bars(counts) {
  const names = Object.keys(counts)
  const nameWidth = Math.max(0, ...names.map((name) => name.length))
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const most = Math.max(1, ...Object.values(counts))
  const countWidth = String(most).length
  return Object.entries(counts).map(([name, count]) => {
    const share = `${((count / total) * 100).toFixed(1)} %`.padStart(7)
    return `  ${name.padEnd(nameWidth)} ${String(count).padStart(countWidth)} ${share} ${bar(count / most)}`
  })
}

/** @param {number} share */
function bar(share) {
  const width = 32
  if (!speaksUnicode()) return '#'.repeat(Math.max(1, Math.round(share * width)))
  const eighths = Math.max(1, Math.round(share * width * 8))
  return '█'.repeat(Math.floor(eighths / 8)) + ['', ...'▏▎▍▌▋▊▉'][eighths % 8]
}

/** By the locale, as the C library decides it. */
function speaksUnicode() {
  const { LC_ALL, LC_CTYPE, LANG, TERM } = process.env
  return TERM !== 'dumb' && /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '')
}

/** A line that counts up, on a terminal only. @param {number} requests */
function createProgress(requests) {
  if (process.stderr.isTTY !== true) return { step: ignore, end: ignore }
  let done = 0
  const show = () => process.stderr.write(`\r${done} of ${requests}`)
  const timer = setInterval(show, 100)
  return {
    step: () => {
      done++
    },
    end: () => {
      clearInterval(timer)
      process.stderr.write('\r\u001b[K')
    },
  }
}

await main()
