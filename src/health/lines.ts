import { connect, type Socket } from 'node:net'
import { shown } from '../base/printable.ts'
import { scanJsonRpc } from '../codecs/json-rpc.ts'
import { LineReader, tooLong } from '../codecs/lines.ts'
import { atEachAddress, failure } from './failure.ts'
import type { Finding, Probe } from './probe.ts'
import { readSelfReport } from './self-report.ts'

const id = 'piloti-probe'
const question = `${JSON.stringify({ jsonrpc: '2.0', id, method: 'health' })}\n`
/** A longer answer is none. */
const answerLimitBytes = 65_536

/**
 * Calls the method `health` in JSON-RPC on a connection of its own, and judges the first line that comes;
 * reads also what the backend says of itself.
 */
export const probeLines: Probe = (address, timeoutMs, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined) // Node would leak the socket.
    const socket = connect({ ...address, ...atEachAddress(timeoutMs), signal })
    let hasAnswered = false
    const settle = (finding: Finding | undefined): void => {
      resolve(finding)
      socket.destroy()
    }
    const timer = setTimeout(() => {
      const what = hasAnswered ? 'the answer did not end' : 'no answer'
      settle({ isWell: false, reason: `${what} within ${timeoutMs} ms`, hasAnswered })
    }, timeoutMs)
    socket.on('error', (error) => resolve(failure(error, hasAnswered)))
    socket.on('close', () => clearTimeout(timer))
    socket.once('data', () => {
      hasAnswered = true
    })
    readLine(socket, (line) => settle(judge(line, hasAnswered)))
    socket.write(question)
  })

function readLine(socket: Socket, done: (line: ReturnType<LineReader['next']>) => void): void {
  const reader = new LineReader(answerLimitBytes)
  socket.on('data', (chunk) => {
    reader.push(chunk)
    const line = reader.next()
    if (line !== undefined) done(line)
  })
  socket.on('end', () => done(reader.rest()))
}

function judge(line: ReturnType<LineReader['next']>, hasAnswered: boolean): Finding {
  const ill = (reason: string): Finding => ({ isWell: false, reason, hasAnswered })
  if (line === undefined) return ill('the connection was closed before the end of the answer')
  if (line === tooLong) return ill(`the answer is longer than ${answerLimitBytes} bytes`)
  // What is nested without end could be parsed, but not be written.
  const isAnswer = scanJsonRpc(line).kind === 'answer'
  const answer = isAnswer ? (JSON.parse(line.toString()) as Answer) : undefined
  if (answer?.id !== id) return ill('the answer is not JSON-RPC')
  const error = membersOf(answer.error)
  if (error !== undefined) return ill(`health answered an error: '${textOf(error.message)}'`)
  if (answer.result === undefined) return ill('the answer is not JSON-RPC')
  const body = JSON.stringify(answer.result)
  const said = readSelfReport({ type: 'application/json', body, isWhole: true })
  const status = membersOf(answer.result)?.status ?? 'ok'
  const reason = status === 'ok' ? '' : `health answered status '${textOf(status)}'`
  return { ...said, isWell: reason === '', reason, hasAnswered }
}

interface Answer {
  readonly id?: unknown
  readonly result?: unknown
  readonly error?: unknown
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return value as Record<string, unknown>
}

/** Anything may stand there, also what has no text of its own. */
function textOf(value: unknown): string {
  return shown(typeof value === 'string' ? value : `${JSON.stringify(value)}`)
}
