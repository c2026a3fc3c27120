import { clearLine, createInterface, cursorTo, type Interface } from 'node:readline'
import { methods } from '../compute.ts'
import { readOrder, words } from './compute-order.ts'
import type { ComputeSession } from './compute-session.ts'

/** What is typed ahead while something runs. */
const aheadMax = 1_000
const historySize = 500

/** A prompt at which tasks are typed: a line is done before the next one is. */
export class ComputePrompt {
  readonly #session: ComputeSession
  readonly #lines: Interface
  readonly #ahead: string[] = []
  /** Ends what runs. */
  #running: AbortController | undefined
  #isClosed = false

  constructor(session: ComputeSession) {
    this.#session = session
    const { stdin: input, stdout: output } = process
    const more = { historySize, removeHistoryDuplicates: true, prompt: 'compute> ' }
    this.#lines = createInterface({ input, output, completer, ...more })
  }

  /** Ends with `exit`, Ctrl-D, or the terminal. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#lines.on('line', (line) => this.#take(line))
      this.#lines.on('SIGINT', () => this.#interrupt())
      this.#lines.on('close', () => {
        this.#isClosed = true
        this.#running?.abort()
        resolve()
      })
      this.#lines.prompt()
    })
  }

  /** Says something above what is being typed. */
  say(text: string): void {
    if (this.#isClosed) return
    cursorTo(process.stdout, 0)
    clearLine(process.stdout, 0)
    console.log(text)
    if (this.#running === undefined) this.#lines.prompt(true)
  }

  #take(line: string): void {
    if (this.#ahead.length >= aheadMax) return this.say('too much typed ahead: a line is left out')
    this.#ahead.push(line)
    if (this.#running === undefined) void this.#work()
  }

  async #work(): Promise<void> {
    while (this.#ahead.length > 0 && !this.#isClosed) {
      const order = readOrder(this.#ahead.shift()!)
      if (order.kind === 'exit') return this.#lines.close()
      this.#running = new AbortController()
      await this.#session.run(order, this.#running.signal)
      this.#running = undefined
    }
    if (!this.#isClosed) this.#lines.prompt()
  }

  /** Ctrl-C ends what runs, and what was typed ahead; or drops the line that is being typed. */
  #interrupt(): void {
    this.#ahead.length = 0
    if (this.#running !== undefined) return this.#running.abort()
    const { line } = this.#lines
    this.#lines.write(null, { ctrl: true, name: 'e' })
    this.#lines.write(null, { ctrl: true, name: 'u' })
    this.say(line === '' ? 'exit, or Ctrl-D, leaves' : `compute> ${line}^C`)
  }
}

/** A line has one word that is known; after it come numbers. */
function completer(line: string): [string[], string] {
  if (/\s/.test(line)) return [[], line]
  const hits = words.filter((word) => word.startsWith(line.toLowerCase()))
  return [hits.map((word) => (word in methods || word === 'random' ? `${word} ` : word)), line]
}
