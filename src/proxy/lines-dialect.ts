import { isUtf8 } from 'node:buffer'
import { printable, shown } from '../base/printable.ts'
import { errorLine, type JsonRpcMessage, scanJsonRpc } from '../codecs/json-rpc.ts'
import { LineReader, tooLong } from '../codecs/lines.ts'
import type { Dialect } from './dialect.ts'
import { type IdPlace, LinesMessage } from './lines-message.ts'
import type { LinesOutbox } from './lines-outbox.ts'
import type { LinesPeer, LinesRefusal } from './lines-peer.ts'

/** Lines of plain text, whose answers keep their order, and of JSON-RPC, whose answers come as they come. */
export class LinesDialect implements Dialect {
  readonly plainKind = 'text'
  heldBytes = 0
  /** Only its end tells that a client leaves. */
  readonly isOver = false
  readonly #client: LinesPeer
  readonly #outbox: LinesOutbox
  readonly #limitBytes: number
  readonly #reader: LineReader
  /** Plain text that is not answered yet, in the order of its arrival. */
  readonly #inOrder: LinesMessage[] = []
  #underWay = 0
  /** What the latest message was. */
  #isJson = false

  constructor(client: LinesPeer, outbox: LinesOutbox) {
    const { messageLimitBytes } = client.context.settings.lines
    this.#client = client
    this.#outbox = outbox
    this.#limitBytes = messageLimitBytes
    this.#reader = new LineReader(messageLimitBytes)
  }

  get outstanding(): number {
    return Math.max(this.#underWay, this.#inOrder.length)
  }

  push(bytes: Buffer): void {
    this.#reader.push(bytes)
  }

  take(hasEnded: boolean): boolean {
    const line = this.#reader.next() ?? (hasEnded ? this.#reader.rest() : undefined)
    if (line !== undefined) this.#take(line)
    return line !== undefined
  }

  answer(message: LinesMessage, line: Buffer, place: IdPlace | undefined): void {
    if (place !== undefined) {
      this.#outbox.withId(line, place.idFrom, place.idTo, message.id)
    } else if (this.#inOrder[0] === message) {
      this.#inOrder.shift()
      this.#outbox.line(line)
      this.#answerNext()
    } else {
      message.answer = Buffer.from(line)
      this.heldBytes += line.length
    }
  }

  refuse(message: LinesMessage, { code, jsonCode = -32_000, message: text }: LinesRefusal): void {
    if (message.kind === 'json') {
      const id = Buffer.from(message.id, 'latin1')
      return this.#outbox.raw(errorLine(id, jsonCode, text, { code }))
    }
    const named = message.line.length === 0 ? '' : `'${shown(headOf(message.line))}': `
    this.answer(message, Buffer.from(`error ${code}: ${named}${printable(text)}`), undefined)
  }

  ended({ line }: LinesMessage): void {
    this.#underWay--
    this.heldBytes -= line.length
  }

  goodbye(): void {}

  #take(line: Buffer | typeof tooLong): void {
    const { activity, stats } = this.#client.context
    if (line === tooLong) {
      stats.messages++
      return this.#refuseLong()
    }
    const first = firstByte(line)
    if (first === -1) return
    stats.messages++
    activity?.request(line, this.#client.name)
    this.#isJson = first === openBrace || first === openBracket
    if (this.#isJson) return this.#takeJson(line)
    const message = this.#begin(line, undefined)
    // A backend that takes it for a line end would answer twice, and others would get the second answer.
    if (line.includes(carriageReturn)) message.fail('MESSAGE_FORMAT', 'the message has a CR inside')
    else if (isUtf8(line)) message.start()
    else message.fail('MESSAGE_FORMAT', 'the message is not valid UTF-8')
  }

  #takeJson(line: Buffer): void {
    const found = scanJsonRpc(line)
    if (found.kind === 'call' || found.kind === 'notification') {
      return this.#begin(line, found).start()
    }
    const isFault = found.kind === 'fault'
    const text = isFault ? found.text : 'an answer, and nothing was asked'
    const message = this.#begin(line, { ...unread, idFrom: found.idFrom, idTo: found.idTo })
    message.fail('MESSAGE_FORMAT', text, isFault ? found.code : -32_600)
  }

  /** What it was is not known: it is taken for what came before. */
  #refuseLong(): void {
    const text = `the message is longer than ${this.#limitBytes} bytes`
    const message = this.#begin(nothing, this.#isJson ? unread : undefined)
    message.fail('MESSAGE_LIMIT', text, -32_600)
  }

  #begin(line: Buffer, found: JsonRpcMessage | undefined): LinesMessage {
    const message = new LinesMessage(this.#client, line, found)
    this.#underWay++
    this.heldBytes += line.length
    if (found === undefined) this.#inOrder.push(message)
    return message
  }

  /** Answers that waited for the one just given. */
  #answerNext(): void {
    let next = this.#inOrder[0]
    while (next?.answer !== undefined) {
      this.#inOrder.shift()
      this.heldBytes -= next.answer.length
      this.#outbox.line(next.answer)
      next = this.#inOrder[0]
    }
  }
}

const nothing = Buffer.alloc(0)
const carriageReturn = 0x0d
const openBrace = 0x7b
const openBracket = 0x5b
const shownBytes = 400
const unread: JsonRpcMessage = {
  ...{ kind: 'call', idFrom: 0, idTo: 0, methodFrom: 0, methodTo: 0, isError: false },
}

const headOf = (line: Buffer): string => line.toString('utf8', 0, shownBytes)

/** The first byte that is no blank; -1 when there is none. */
function firstByte(line: Buffer): number {
  for (let at = 0; at < line.length; at++) {
    const byte = line[at]!
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return byte
  }
  return -1
}
