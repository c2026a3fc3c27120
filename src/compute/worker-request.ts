import { isUtf8 } from 'node:buffer'
import { shown } from '../base/printable.ts'
import { idOf, scanJsonRpc } from '../codecs/json-rpc.ts'
import {
  checkTask,
  type Fault,
  faultCodes,
  isFault,
  type Result,
  readTask,
  type Task,
  textOfResult,
} from './protocol.ts'

/** What a worker says of itself, in the words that probes read. */
export interface Health {
  readonly status: 'ok'
  /** The largest of what it is busy with: 0 is idle; 1 and above is too busy for any more work. */
  readonly load: number
  /** Tasks that are not answered yet. */
  readonly active: number
  readonly draining: boolean
}

/** One line of a client, understood: what is wanted, and how the answer is written. */
export interface Request {
  /** The id as it was written; undefined for plain text. */
  readonly id?: string
  readonly wanted: Task | 'health' | Fault
}

const blank = /^\s*$/

/**
 * Reads a line.
 *
 * @returns undefined for what gets no answer: a blank line, a notification, an answer. A task does nothing
 *   but answer, so without one there is nothing to do.
 */
export function readRequest(line: Buffer): Request | undefined {
  if (isJson(line)) return readJson(line)
  if (!isUtf8(line)) return { wanted: notUtf8 }
  const text = line.toString()
  if (blank.test(text)) return undefined
  return { wanted: text.trim().toLowerCase() === 'health' ? 'health' : readTask(text) }
}

const notUtf8: Fault = { code: faultCodes.parse, message: 'the line is no valid UTF-8' }

/** Whether the line is JSON-RPC: the first byte that is no blank decides. */
function isJson(line: Buffer): boolean {
  for (const byte of line) {
    if (byte !== 0x20 && byte !== 0x09) return byte === 0x7b || byte === 0x5b
  }
  return false
}

function readJson(line: Buffer): Request | undefined {
  const message = scanJsonRpc(line)
  const id = idOf(line, message).toString()
  if (message.kind === 'fault') return { id, wanted: { code: message.code, message: message.text } }
  if (message.kind !== 'call') return undefined
  const { method, params = [] } = JSON.parse(withTextNumbers(line.toString())) as Call
  if (method === 'health') return { id, wanted: 'health' }
  if (Array.isArray(params)) return { id, wanted: checkTask(method, params) }
  const complaint = `params of '${shown(method)}' is no array: write ["3", "4"]`
  return { id, wanted: { code: faultCodes.params, message: complaint } }
}

/** What the scan has made sure of. */
interface Call {
  readonly method: string
  readonly params?: unknown
}

const textOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g

/** Valid JSON with each number as text, since `JSON.parse` rounds what has more than 15 digits. */
function withTextNumbers(json: string): string {
  return json.replace(textOrNumber, (found) => (found.startsWith('"') ? found : `"${found}"`))
}

/** The line that answers, with its `\n`. */
export function answerLine(
  { id }: Request,
  answer: Result | Health | Fault,
  worker: string,
): string {
  if (id === undefined) return `${textOfAnswer(answer)}\n`
  if (!isFault(answer)) {
    const result = 'status' in answer ? answer : { ...answer, worker }
    return `{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify(result)}}\n`
  }
  const error = { code: answer.code, message: answer.message, data: { worker } }
  return `{"jsonrpc":"2.0","id":${id},"error":${JSON.stringify(error)}}\n`
}

function textOfAnswer(answer: Result | Health | Fault): string {
  if (isFault(answer)) return `error: ${answer.message}`
  if (!('status' in answer)) return textOfResult(answer)
  const { status, load, active, draining } = answer
  return `${status}, load ${load}, ${active} active${draining ? ', draining' : ''}`
}
