/** All that a client of the original system says. None is the beginning of another. */
export const originalWords = [
  'somma',
  'sottrazione',
  'moltiplicazione',
  'divisione',
  'exit',
] as const

/** What `exit` is answered with, and after it the connection ends. */
export const originalGoodbye = 'Disconnessione avvenuta con successo'

export type OriginalWord = (typeof originalWords)[number]

/** What stands in the place of a word. */
export interface NoWord {
  /** Its bytes as one-byte characters, up to the one that fits no word. */
  readonly odd: string
  /** Whether the input ended before that could be said. */
  readonly isCut: boolean
}

const known: ReadonlySet<string> = new Set(originalWords)
const blanks = ' \t\r\n'

/**
 * Cuts a stream of bytes without any framing into words, glued together or split anywhere; blanks between
 * them are skipped.
 *
 * After what is no word nobody knows where the next one begins: there is none.
 */
export class WordReader {
  #chunk = ''
  #at = 0
  readonly #queue: Buffer[] = []
  /** The beginning of a word. */
  #part = ''
  #isLost = false

  /** Takes the next bytes, by reference. What was pushed before and not read yet comes first. */
  push(chunk: Buffer): void {
    if (!this.#isLost && chunk.length > 0) this.#queue.push(chunk)
  }

  /** The next word, or once what is none; `undefined` until there is one. */
  next(): OriginalWord | NoWord | undefined {
    while (!this.#isLost && (this.#at < this.#chunk.length || this.#advance())) {
      const char = this.#chunk[this.#at++]!
      if (this.#part === '' && blanks.includes(char)) continue
      this.#part += char
      if (known.has(this.#part)) return this.#whole()
      if (!isBeginning(this.#part)) return this.#lost(false)
    }
    return undefined
  }

  /** The beginning of a word that the input has ended with. To be called when `next` has given `undefined`. */
  rest(): NoWord | undefined {
    return this.#part === '' ? undefined : this.#lost(true)
  }

  #advance(): boolean {
    const chunk = this.#queue.shift()
    this.#chunk = chunk?.toString('latin1') ?? ''
    this.#at = 0
    return chunk !== undefined
  }

  #whole(): OriginalWord {
    const word = this.#part as OriginalWord
    this.#part = ''
    return word
  }

  #lost(isCut: boolean): NoWord {
    const odd = this.#part
    this.#isLost = true
    this.#part = ''
    this.#chunk = ''
    this.#queue.length = 0
    return { odd, isCut }
  }
}

const isBeginning = (part: string): boolean => originalWords.some((word) => word.startsWith(part))
