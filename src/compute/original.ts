import type { Socket } from 'node:net'
import { shown } from '../base/printable.ts'
import type { Random } from '../base/random.ts'
import {
  type OriginalWord,
  originalGoodbye,
  originalWords,
  WordReader,
} from '../codecs/original-words.ts'
import { pythonFloat, pythonText } from '../codecs/python-dict.ts'
import type { ClientLimits } from './worker-connection.ts'
import type { WorkerService } from './worker-service.ts'

/** A and B are drawn from 1 up to this. */
const operandMax = 50
/** So many answers are given to one client before others are looked at: about two milliseconds of work. */
const turnMax = 1_024
/** How long the other side may take to hang up after everything was said, in milliseconds. */
const lingerMs = 1_000

type Operation = Exclude<OriginalWord, 'exit'>

const results: Readonly<Record<Operation, (a: number, b: number) => string>> = {
  somma: (a, b) => `${a + b}`,
  sottrazione: (a, b) => `${a - b}`,
  moltiplicazione: (a, b) => `${a * b}`,
  divisione: (a, b) => pythonFloat(a / b),
}

/** The answer of the original system to a word: it draws two numbers, and calculates with them. */
export function originalAnswer(word: Operation, random: Random): string {
  const draw = (): number => 1 + Math.floor(random() * operandMax)
  const [a, b] = [draw(), draw()]
  const operation = pythonText(word)
  return `{'A': ${a}, 'B': ${b}, 'operazione': ${operation}, 'risultato': ${results[word](a, b)}}`
}

/** A client of a worker with `wire: 'original'`: its words are answered as they come, nothing between them. */
export class OriginalConnection {
  readonly #socket: Socket
  readonly #service: WorkerService
  readonly #limits: ClientLimits
  readonly #random: Random
  readonly #reader = new WordReader()
  #goesOn: NodeJS.Immediate | undefined
  #lingers: NodeJS.Timeout | undefined
  #inputEnded = false
  /** It has said `exit`, or what is no word. */
  #isOver = false
  #isDraining = false

  constructor(
    socket: Socket,
    service: WorkerService,
    limits: ClientLimits,
    random: Random = Math.random,
  ) {
    this.#socket = socket
    this.#service = service
    this.#limits = limits
    this.#random = random
    socket.on('data', (chunk) => {
      if (!this.#isDraining) this.#reader.push(chunk)
      this.#pump()
    })
    socket.on('end', () => {
      this.#inputEnded = true
      this.#pump()
    })
    socket.on('finish', () => {
      this.#lingers = setTimeout(() => socket.destroy(), lingerMs)
    })
    socket.on('close', () => {
      clearImmediate(this.#goesOn)
      clearTimeout(this.#lingers)
    })
    socket.setTimeout(limits.writeTimeoutMs, () => {
      if (socket.writableLength > 0) socket.destroy()
    })
  }

  /** Answers what has been read, and ends. */
  drain(): void {
    this.#isDraining = true
    this.#pump()
  }

  abort(): void {
    this.#socket.destroy()
  }

  /** Answers words until there are none, too much is not taken, or others have waited for long. */
  #pump(): void {
    const socket = this.#socket
    if (this.#goesOn !== undefined || socket.destroyed || socket.writableEnded) return
    // The callback of a write that is under way comes back here.
    if (socket.writableLength > this.#limits.unreadMaxBytes) return void socket.pause()
    let text = ''
    let answer: string | undefined = ''
    for (let count = 0; count < turnMax && answer !== undefined; count++) {
      answer = this.#next()
      text += answer ?? ''
    }
    if (text !== '') socket.write(text, () => this.#pump())
    if (answer !== undefined) {
      socket.pause()
      this.#goesOn = setImmediate(() => this.#goOn())
      return
    }
    if (this.#isOver || this.#isDraining || this.#inputEnded) socket.end()
    socket.resume() // After the end, too: unread it would be a reset.
  }

  #goOn(): void {
    this.#goesOn = undefined
    this.#pump()
  }

  /** The answer to the next word. */
  #next(): string | undefined {
    if (this.#isOver) return undefined
    const word = this.#reader.next() ?? (this.#inputEnded ? this.#reader.rest() : undefined)
    if (word === undefined) return undefined
    this.#isOver = typeof word !== 'string' || word === 'exit'
    if (word === 'exit') return originalGoodbye
    const isTask = typeof word === 'string'
    this.#service.answers[isTask ? 'ok' : 'failed']++
    if (isTask) return originalAnswer(word, this.#random)
    const wanted = originalWords.join(', ')
    return `{'errore': ${pythonText(`'${shown(word.odd)}' is no word: one of ${wanted} wanted`)}}`
  }
}
