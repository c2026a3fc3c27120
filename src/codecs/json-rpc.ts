import { type MemberName, memberName } from './json-rpc-names.ts'
import { notUtf8, skipBlanks, skipColon, skipString, skipValue, tooDeep } from './json-scan.ts'

/** JSON-RPC's own codes for what is no JSON, and for JSON that is no message. */
export type JsonRpcFaultCode = -32700 | -32600

/**
 * What a line says, as places in its bytes: `line.subarray(idFrom, idTo)` is the id as it was written.
 *
 * Where a member is missing both its places are 0, which no member can be at.
 */
export interface JsonRpcMessage {
  /** A call wants an answer; an `id` of null makes one too. A notification has no `id`. */
  readonly kind: 'call' | 'notification' | 'answer'
  readonly idFrom: number
  readonly idTo: number
  /** The method's name with its quotes. */
  readonly methodFrom: number
  readonly methodTo: number
  /** An answer that has a member `error` whose value is not null. */
  readonly isError: boolean
}

/** Why a line is refused. The id's places are 0 where it is not known for certain. */
export interface JsonRpcFault {
  readonly kind: 'fault'
  readonly code: JsonRpcFaultCode
  /** One sentence for the sender, without a full stop. Nothing of the sender's is in it. */
  readonly text: string
  readonly idFrom: number
  readonly idTo: number
}

/** How many levels of objects and arrays a message may have. */
export const jsonDepthMax = 64

/**
 * Reads one line in one pass: checks that it is one JSON object, and says where `id` and `method` stand.
 *
 * It never throws, and refuses what a backend might read otherwise than the proxy, since the proxy matches
 * answers by `id`: a second `id` or `method`, one that is misspelled (some libraries do not mind), and
 * a bare carriage return or line feed (some take it for the end of a line).
 *
 * @see https://www.jsonrpc.org/specification
 */
export function scanJsonRpc(line: Buffer): JsonRpcMessage | JsonRpcFault {
  const found = new Members()
  const from = skipBlanks(line, 0)
  const isObject = line[from] === 0x7b
  const end = isObject ? found.read(line, from) : skipValue(line, from, jsonDepthMax)
  if (end < 0) return invalid(line, end)
  const after = skipBlanks(line, end)
  if (after < line.length) return invalid(line, ~after)
  if (!isObject) return fault(-32600, line[from] === 0x5b ? noBatches : noObject)
  return found.message()
}

/**
 * A copy of the line with another id and a `\n`, ready to be written; without an id it only gets the `\n`.
 *
 * `id` is JSON: the bytes that `idOf` gave, or a string, which must be ASCII. All else stays byte for byte.
 */
export function withId(
  line: Buffer,
  message: Pick<JsonRpcMessage, 'idFrom' | 'idTo'>,
  id: Buffer | string,
): Buffer {
  const { idFrom, idTo } = message
  const idBytes = idTo === 0 ? 0 : id.length
  const spliced = Buffer.allocUnsafe(line.length - (idTo - idFrom) + idBytes + 1)
  if (idFrom > 0) line.copy(spliced, 0, 0, idFrom)
  // A loop costs less than a call for the few digits of an id.
  if (typeof id !== 'string') id.copy(spliced, idFrom, 0, idBytes)
  else for (let nth = 0; nth < idBytes; nth++) spliced[idFrom + nth] = id.charCodeAt(nth)
  line.copy(spliced, idFrom + idBytes, idTo)
  spliced[spliced.length - 1] = 0x0a
  return spliced
}

/** The id as it was written, a view of the line; `null` where there is none. For `withId` and `errorLine`. */
export function idOf(line: Buffer, message: Pick<JsonRpcMessage, 'idFrom' | 'idTo'>): Buffer {
  return message.idTo === 0 ? nullId : line.subarray(message.idFrom, message.idTo)
}

/** The id as a number when it is a whole one from 0 to 2^53 - 1, however it is written; else -1. */
export function numberId(line: Buffer, message: Pick<JsonRpcMessage, 'idFrom' | 'idTo'>): number {
  const { idFrom, idTo } = message
  const length = idTo - idFrom
  if (length === 0 || length > 32) return -1
  let value = 0
  for (let at = idFrom; at < idTo; at++) {
    const digit = line[at]! - 0x30
    if (digit < 0 || digit > 9 || length > 15) return rareNumber(line, idFrom, idTo)
    value = value * 10 + digit
  }
  return value
}

// Some libraries write 1 as 1.0 or 1e0.
function rareNumber(line: Buffer, from: number, to: number): number {
  const text = line.toString('latin1', from, to)
  const value = text.startsWith('"') || text === 'null' ? Number.NaN : Number(text)
  return Number.isSafeInteger(value) && value >= 0 ? value : -1
}

/** An error answer as a line with its `\n`; `id` is JSON, `data` whatever JSON.stringify can write. */
export function errorLine(id: Buffer | string, code: number, text: string, data?: object): Buffer {
  const error = JSON.stringify({ code, message: text, data })
  return Buffer.from(`{"jsonrpc":"2.0","id":${id.toString()},"error":${error}}\n`)
}

const nullId = Buffer.from('null')

const noBatches = 'batches are not taken: send each message on a line of its own'
const noObject = 'a message is a JSON object'
const noBreaks = 'a message has no carriage return or line feed inside'
const noKind = "a message has a 'method', or else a 'result' or an 'error'"
const noAnswerId = "an answer has an 'id'"
const badId = "'id' is a string, a number or null"
const badSpelling = "'id', 'method', 'result' and 'error' are written just so, in lower case"
const secondId = "'id' stands in the message twice"
const secondMethod = "'method' stands in the message twice"
const badMethod = "'method' is a string"

function fault(code: JsonRpcFaultCode, text: string, idFrom = 0, idTo = 0): JsonRpcFault {
  return { kind: 'fault', code, text, idFrom, idTo }
}

function invalid(line: Buffer, end: number): JsonRpcFault {
  if (end === tooDeep)
    return fault(-32600, `the message is nested deeper than ${jsonDepthMax} levels`)
  if (end === notUtf8) return fault(-32700, 'the message is not valid UTF-8')
  const at = ~end
  if (line[at] === 0x0d || line[at] === 0x0a) return fault(-32700, noBreaks)
  const where = at < line.length ? ` at byte ${at + 1}` : ': it ends too early'
  return fault(-32700, `the message is not valid JSON${where}`)
}

/** The members of a message, as they are read. */
class Members {
  idFrom = 0
  idTo = 0
  methodFrom = 0
  methodTo = 0
  hasOutcome = false
  isError = false
  hasId = false
  /** The first reason to refuse them; they are read on, since what is no JSON at all is told first. */
  refusal = ''

  /** Reads the object at `from`; gives the place behind it, or a fault of the scanner. */
  read(line: Buffer, from: number): number {
    let at = skipBlanks(line, from + 1)
    if (line[at] === 0x7d) return at + 1
    for (;;) {
      const name = at
      const nameEnd = skipString(line, name)
      if (nameEnd < 0) return nameEnd
      const value = skipColon(line, nameEnd)
      if (value < 0) return value
      const end = skipValue(line, value, jsonDepthMax - 1)
      if (end < 0) return end
      this.take(line, memberName(line, name + 1, nameEnd - 1), value, end)
      at = skipBlanks(line, end)
      if (at >= line.length) return ~at
      if (line[at] === 0x7d) return at + 1
      if (line[at] !== 0x2c) return ~at
      at = skipBlanks(line, at + 1)
    }
  }

  message(): JsonRpcMessage | JsonRpcFault {
    const { idFrom, idTo, methodFrom, methodTo, isError } = this
    const isAnswer = methodTo === 0
    const refusal = this.refusal || (isAnswer ? this.noAnswer() : '')
    if (refusal !== '') return fault(-32600, refusal, idFrom, idTo)
    const kind = isAnswer ? 'answer' : idTo === 0 ? 'notification' : 'call'
    return { kind, idFrom, idTo, methodFrom, methodTo, isError }
  }

  take(line: Buffer, name: MemberName, from: number, to: number): void {
    if (name === 'other') return
    if (name === 'id') this.takeId(line, from, to)
    else if (name === 'method') this.takeMethod(line, from, to)
    else if (name === 'misspelled') this.refuse(badSpelling)
    else {
      this.hasOutcome = true
      if (name === 'error') this.isError = line[from] !== 0x6e
    }
  }

  takeId(line: Buffer, from: number, to: number): void {
    const first = line[from]!
    // Objects, arrays, true and false begin at 0x5b and above; so does null.
    const isTaken = first < 0x5b || first === 0x6e
    if (this.hasId) this.refuse(secondId)
    else if (!isTaken) this.refuse(badId)
    const isGood = isTaken && !this.hasId
    this.hasId = true
    this.idFrom = isGood ? from : 0
    this.idTo = isGood ? to : 0
  }

  takeMethod(line: Buffer, from: number, to: number): void {
    if (this.methodTo !== 0) this.refuse(secondMethod)
    if (line[from] !== 0x22) this.refuse(badMethod)
    this.methodFrom = from
    this.methodTo = to
  }

  noAnswer(): string {
    if (!this.hasOutcome) return noKind
    return this.hasId ? '' : noAnswerId
  }

  refuse(reason: string): void {
    if (this.refusal === '') this.refusal = reason
  }
}
