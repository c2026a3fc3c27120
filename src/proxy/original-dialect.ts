import { shown } from '../base/printable.ts'
import {
  type NoWord,
  type OriginalWord,
  originalGoodbye,
  originalWords,
  WordReader,
} from '../codecs/original-words.ts'
import { pythonText } from '../codecs/python-dict.ts'
import type { Dialect } from './dialect.ts'
import { LinesMessage } from './lines-message.ts'
import type { LinesOutbox } from './lines-outbox.ts'
import type { LinesPeer, LinesRefusal } from './lines-peer.ts'

/** Clients of the original system say words, and get the answers in their order, nothing between them. */
export class OriginalDialect implements Dialect {
  readonly plainKind = 'word'
  /** Bytes of answers that wait. */
  heldBytes = 0
  isOver = false
  readonly #client: LinesPeer
  readonly #outbox: LinesOutbox
  readonly #reader = new WordReader()
  /** What has no answer yet, or one that waits for those before it. */
  readonly #inOrder: LinesMessage[] = []
  /** It has said `exit`. */
  #hasTakenLeave = false

  constructor(client: LinesPeer, outbox: LinesOutbox) {
    this.#client = client
    this.#outbox = outbox
  }

  get outstanding(): number {
    return this.#inOrder.length
  }

  push(bytes: Buffer): void {
    this.#reader.push(bytes)
  }

  take(hasEnded: boolean): boolean {
    const word = this.#reader.next() ?? (hasEnded ? this.#reader.rest() : undefined)
    if (typeof word === 'string') this.#take(word)
    else if (word !== undefined) this.#takeOdd(word)
    return word !== undefined
  }

  answer(message: LinesMessage, text: Buffer): void {
    // It is a view of what is read into again.
    message.answer = Buffer.from(text)
    this.heldBytes += text.length
    let answer = this.#inOrder[0]?.answer
    while (answer !== undefined) {
      this.#inOrder.shift()
      this.heldBytes -= answer.length
      this.#outbox.raw(answer)
      answer = this.#inOrder[0]?.answer
    }
  }

  refuse(message: LinesMessage, { code, message: text }: LinesRefusal): void {
    this.answer(message, Buffer.from(`{'errore': ${pythonText(`${code}: ${text}`)}}`))
  }

  /** Words are over with their answers. */
  ended(): void {}

  goodbye(): void {
    if (this.#hasTakenLeave) this.#outbox.raw(Buffer.from(originalGoodbye))
  }

  #take(word: OriginalWord): void {
    const line = wordBytes[word]
    this.#tell(line)
    if (word === 'exit') {
      this.#hasTakenLeave = true
      this.isOver = true
    } else this.#begin(line).start()
  }

  /** Where the next word would begin cannot be known: this is the last that it is told. */
  #takeOdd({ odd, isCut }: NoWord): void {
    const line = Buffer.from(odd)
    this.#tell(line)
    this.isOver = true
    const why = isCut ? 'is no whole word' : 'begins no word'
    const text = `'${shown(odd)}' ${why}: one of ${originalWords.join(', ')} wanted`
    this.#begin(line).fail('MESSAGE_FORMAT', text)
  }

  #tell(line: Buffer): void {
    this.#client.context.activity?.request(line, this.#client.name)
  }

  #begin(line: Buffer): LinesMessage {
    this.#client.context.stats.messages++
    const message = new LinesMessage(this.#client, line, undefined)
    this.#inOrder.push(message)
    return message
  }
}

const wordBytes = Object.fromEntries(
  originalWords.map((word) => [word, Buffer.from(word)]),
) as Readonly<Record<OriginalWord, Buffer>>
