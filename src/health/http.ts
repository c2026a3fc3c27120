import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { type Address, formatAddress } from '../base/address.ts'
import { atEachAddress, failure } from './failure.ts'
import type { Finding, Probe } from './probe.ts'
import { readSelfReport } from './self-report.ts'

/** What is asked, and which answers are good. */
export interface HttpCheck {
  readonly method: 'GET' | 'HEAD' | 'OPTIONS'
  readonly path: string
  /** The Host field; the backend's address by default. */
  readonly host?: string
  /** Both included. */
  readonly status: { readonly from: number; readonly to: number }
  /** What the body must contain. */
  readonly body?: string
}

/** More of a body is not read. */
const bodyLimitBytes = 65_536

/**
 * Sends a request on a connection of its own, follows no redirect, and judges the answer; reads also what
 * the backend says of itself. The whole answer has to be there in time.
 */
export function httpProbe(check: HttpCheck): Probe {
  return (address, timeoutMs, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve(undefined)
      const sent = request({ ...requestOf(check, address), ...atEachAddress(timeoutMs), signal })
      let hasAnswered = false
      const settle = (finding: Finding | undefined): void => {
        resolve(finding)
        clearTimeout(timer)
        sent.destroy()
      }
      const timer = setTimeout(() => {
        const what = hasAnswered ? `the answer did not end` : 'no answer'
        settle({ isWell: false, reason: `${what} within ${timeoutMs} ms`, hasAnswered })
      }, timeoutMs)
      const failed = (error: Error): void => settle(failure(error, hasAnswered))
      sent.on('error', failed)
      sent.on('response', (response) => {
        hasAnswered = true
        response.on('error', failed)
        read(response, (body, isWhole) => settle(judge(check, response, body, isWhole)))
      })
      sent.on('upgrade', (response, socket) => {
        socket.destroy()
        settle(judge(check, response, '', true))
      })
      sent.end()
    })
}

function requestOf({ method, path, host }: HttpCheck, address: Address): RequestOptions {
  const isLocal = 'path' in address
  const headers = {
    host: host ?? (isLocal ? 'localhost' : formatAddress(address)),
    'user-agent': 'piloti',
    connection: 'close',
  }
  const where = isLocal ? { socketPath: address.path } : address
  return { ...where, method, path, headers, agent: false }
}

/** Gathers the body up to its limit. */
function read(response: IncomingMessage, done: (body: string, isWhole: boolean) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  const finish = (isWhole: boolean): void => {
    response.removeListener('data', add)
    done(Buffer.concat(chunks).toString('utf8', 0, Math.min(bytes, bodyLimitBytes)), isWhole)
  }
  const add = (chunk: Buffer): void => {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > bodyLimitBytes) finish(false)
  }
  response.on('data', add)
  response.on('end', () => finish(bytes <= bodyLimitBytes))
}

function judge(
  check: HttpCheck,
  response: IncomingMessage,
  body: string,
  isWhole: boolean,
): Finding {
  const { headers, statusCode = 0 } = response
  const header = headers['x-piloti-load']
  const said = readSelfReport({
    header: Array.isArray(header) ? header.join(', ') : header,
    type: headers['content-type'] ?? '',
    body,
    isWhole,
  })
  const reason = complaint(check, statusCode, body)
  return { ...said, isWell: reason === '', reason, hasAnswered: true }
}

function complaint(check: HttpCheck, status: number, body: string): string {
  const { from, to } = check.status
  if (status < from || status > to) return `${check.method} ${check.path} answered ${status}`
  const wanted = check.body ?? ''
  return body.includes(wanted) ? '' : `the body does not contain '${wanted}'`
}
