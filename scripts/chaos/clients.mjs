// @ts-check
// The clients of a run: autocannon, with every digit checked and every lost request noticed.
import autocannon from 'autocannon'
import { piDigits } from '../../dist/src/base/pi.js'

/** A request that is slow has not failed. */
const timeoutSeconds = 20
/** Cheap ones, and some that a backend works on when it dies. */
const digits = [...Array(12).fill(100), 2_000, ...Array(12).fill(100), 6_000]

/**
 * @typedef {{ atMs: number, path: string, kind: string, status?: number, hadBegun: boolean }} Failure
 * `hadBegun`: whether the head of an answer had come.
 */

/** What clients have seen. */
export class Seen {
  /** @type {Record<string, number>} */
  answers = {}
  /** @type {Failure[]} */
  failures = []
  /** Since they were last asked for. */
  answersNow = 0
  failuresNow = 0
  longestMs = 0

  /** @param {string} name */
  answered(name) {
    this.answers[name] = (this.answers[name] ?? 0) + 1
    this.answersNow++
  }

  /** @param {Omit<Failure, 'atMs'>} failure */
  failed(failure) {
    this.failures.push({ atMs: performance.now(), ...failure })
    this.failuresNow++
  }
}

/**
 * Lets `connections` clients ask for so many seconds. `stop` ends that at once.
 *
 * @param {{ url: string, connections: number, seconds: number, seen: Seen }} run
 */
export function startClients({ url, connections, seconds, seen }) {
  const right = piDigits(Math.max(...digits))
  let count = 0
  const setupClient = (/** @type {autocannon.Client} */ client) =>
    observe(client, seen, right, count++)
  const options = { url, connections, duration: seconds, timeout: timeoutSeconds, setupClient }
  /** @type {() => void} */
  let stop = () => {}
  const done = new Promise((resolve, reject) => {
    const load = autocannon(options, (error, result) => (error ? reject(error) : resolve(result)))
    stop = () => /** @type {any} */ (load).stop()
  })
  return { done, stop: () => stop() }
}

/**
 * autocannon sends again, without a word, what was lost with its connection: so each request is followed from
 * here.
 *
 * @param {any} client its types name only some of what it has.
 * @param {Seen} seen @param {string} right @param {number} index
 */
function observe(client, seen, right, index) {
  let isWaiting = false
  let hasBegun = false
  /** Whether the proxy has said that this connection would end. */
  let isLast = false
  /** Whether this request was sent on it all the same, which autocannon does. */
  let isDoomed = false
  let sentMs = 0
  let error = ''
  let conn = client.conn
  client.on('request', () => {
    if (isWaiting) {
      const isLate = performance.now() - sentMs >= timeoutSeconds * 1_000
      const { path } = client.requestIterator.currentRequest
      const kind = isLate ? `no answer within ${timeoutSeconds} s` : `lost${error}`
      if (isLate || !isDoomed) seen.failed({ path, kind, hadBegun: hasBegun })
      // It is on a new connection now. What the old one still says is no third one's business.
      conn?.removeAllListeners('error').on('error', () => {})
      client.pipelinedRequests.clear()
      client.parser.reinitialize(client.parser.constructor.RESPONSE)
    }
    conn = client.conn
    isDoomed = !isWaiting && isLast
    isWaiting = true
    isLast = false
    hasBegun = false
    error = ''
    sentMs = performance.now()
  })
  client.on('headers', (/** @type {{ headers: string[] }} */ { headers }) => {
    hasBegun = true
    const at = headers.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'connection')
    isLast = at !== -1 && headers[at + 1]?.toLowerCase() === 'close'
  })
  client.on('connError', (/** @type {NodeJS.ErrnoException} */ { code }) => {
    error = ` (${code})`
  })
  client.on(
    'response',
    (/** @type {number} */ status, /** @type {number} */ _bytes, /** @type {number} */ ms) => {
      isWaiting = false
      seen.longestMs = Math.max(seen.longestMs, ms)
      seen.answered(String(status))
    },
  )
  const at = (index * 7) % digits.length
  const requests = [...digits.slice(at), ...digits.slice(0, at)].map((count) => ({
    method: /** @type {const} */ ('GET'),
    path: `/${count}`,
    onResponse: (/** @type {number} */ status, /** @type {string} */ body) => {
      const asked = `/${count}`
      if (status !== 200)
        seen.failed({ path: asked, kind: `status ${status}`, status, hadBegun: true })
      else if (body.trimEnd() !== right.slice(0, count + 2)) {
        seen.failed({ path: asked, kind: 'wrong digits', hadBegun: true })
      }
    },
  }))
  client.setRequests(requests)
}
