// @ts-check
// Says of each request that failed whether it had to.

/**
 * @typedef {{ atMs: number, level: string, event: string, message: string, code?: string, backend?: string,
 *   why?: string }} Told a line of the log of piloti
 * @typedef {{ atMs: number, backend: string, end: string, status: number }} Failed a line of its access log
 * @typedef {import('./clients.mjs').Failure} Failure
 * @typedef {import('./backends.mjs').Backend} Backend
 */

/** Between the failure and the line of the log that tells of it. */
const apartMs = 5_000
const shownMax = 10

/**
 * @param {{ plan: { seconds: number, connections: number, seed: number, everyMs: number, json: boolean },
 *   seen: import('./clients.mjs').Seen, failed: readonly Failed[], backends: readonly Backend[],
 *   faults: readonly string[], responseTimeoutMs: number, startMs: number,
 *   timeline: readonly { atMs: number, text: string }[] }} run
 */
export function judge({
  plan,
  seen,
  failed,
  backends,
  faults,
  responseTimeoutMs,
  startMs,
  timeline,
}) {
  const byId = new Map(backends.map((backend) => [backend.id, backend]))
  const unmatched = new Set(failed)
  const judged = seen.failures.map((failure) => {
    const line = lineOf(failure, unmatched)
    if (line !== undefined) unmatched.delete(line)
    const backend = line && byId.get(line.backend ?? '')
    const excuse = backend && excuseOf(failure, backend)
    const { atMs, path, kind } = failure
    return {
      atS: round((atMs - startMs) / 1_000),
      path,
      kind,
      backend: backend?.id,
      end: line?.end,
      excuse,
    }
  })
  const guilty = judged.filter(({ excuse }) => excuse === undefined)
  const requests = Object.values(seen.answers).reduce((sum, count) => sum + count, 0)
  return {
    ok: guilty.length === 0 && faults.length === 0 && requests > 0,
    seed: plan.seed,
    seconds: plan.seconds,
    connections: plan.connections,
    requests,
    requestsPerSecond: Math.round(requests / plan.seconds),
    longestMs: Math.round(seen.longestMs),
    answers: seen.answers,
    done: tally(
      timeline.filter(({ text }) => text.startsWith('>')).map(({ text }) => nameOf(text)),
    ),
    failed: judged.length,
    excused: tally(judged.flatMap(({ excuse }) => excuse ?? [])),
    inexcusable: guilty,
    faults,
    ...(plan.json && { timeline }),
  }

  /** @param {Failure} failure @param {Backend} backend */
  function excuseOf({ atMs, hadBegun, status }, backend) {
    const sentMs = atMs - responseTimeoutMs
    const wasStopped = backend.stops.some(({ from, to }) => from < atMs && to > sentMs)
    if (status === 504 && wasStopped) return 'on a stopped backend'
    const wasKilled = backend.kills.some((killMs) => killMs <= atMs && killMs > sentMs)
    if (status === undefined && hadBegun && wasKilled) return 'its answer was cut off by a kill'
    return undefined
  }
}

/** The nearest line that tells of a failure. @param {Failure} failure @param {Set<Failed>} lines */
function lineOf({ atMs, status }, lines) {
  const [nearest] = [...lines]
    .filter(
      (line) => (status === undefined || line.status === status) && apart(line, atMs) < apartMs,
    )
    .sort((a, b) => apart(a, atMs) - apart(b, atMs))
  return nearest
}

/** @param {Failed} line @param {number} atMs */
const apart = (line, atMs) => Math.abs(line.atMs - atMs)

/** @param {ReturnType<typeof judge>} report */
export function describe(report) {
  const { answers, connections, excused, failed, faults, inexcusable, requests, seconds } = report
  const statuses = Object.entries(answers).map(([status, count]) => `${count} × ${status}`)
  const lines = [
    '',
    `seed ${report.seed}: ${requests} answers to ${connections} clients in ${seconds} s: ${statuses.join(', ')}`,
    `  ${report.requestsPerSecond} a second, the longest after ${report.longestMs} ms`,
    `  done meanwhile: ${listed(report.done)}`,
    failed === 0 ? 'no request failed' : `${failed} failed: ${listed(excused) || 'none excused'}`,
  ]
  if (inexcusable.length > 0) lines.push(`${inexcusable.length} failed without an excuse:`)
  for (const { atS, path, kind, backend, end } of inexcusable.slice(0, shownMax)) {
    lines.push(`  ${atS} s: GET ${path}: ${[kind, end, backend].filter(Boolean).join(', ')}`)
  }
  for (const fault of faults.slice(0, shownMax)) lines.push(`wrong: ${fault}`)
  return [...lines, report.ok ? 'all is well' : 'all is not well'].join('\n')
}

/** `> kill 127.0.0.1:5000` is a `kill`. @param {string} text */
const nameOf = (text) =>
  text
    .replace(/^> /, '')
    .replace(/ ?\S*:\d+/g, '')
    .replace(/ (?:again|\(\w+\))$/, '')
    .replace(/ for\b/, '')
    .replace(/^(piloti strategy|strategy|weight) \S+/, '$1')
    .trim()

/** @param {Record<string, number>} counts */
const listed = (counts) =>
  Object.entries(counts)
    .map(([name, count]) => `${count} × ${name}`)
    .join(', ')

/** @param {string[]} names @returns {Record<string, number>} */
function tally(names) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const name of names.sort()) counts.set(name, (counts.get(name) ?? 0) + 1)
  return Object.fromEntries(counts)
}

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10
