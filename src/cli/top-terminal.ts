import { emitKeypressEvents, type Key } from 'node:readline'
import type { ReadStream, WriteStream } from 'node:tty'
import type { Size } from './top-screen.ts'

const esc = '\u001b['
// The other screen, no cursor, and no wrapping: what does not fit is cut, whoever is wrong about widths.
const enter = `${esc}?1049h${esc}?25l${esc}?7l${esc}2J`
const leave = `${esc}0m${esc}?7h${esc}?25h${esc}?1049l`
/** Of signals that end a process. */
const ends = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

/** What happens at the terminal. */
export interface Heard {
  /** A character, or a name as `up`, `return`, `ctrl-c`. */
  key(name: string): void
  /** It has another size, or must be drawn anew. */
  redraw(): void
}

/**
 * The other screen of a terminal, which is given back as it was on every way out: `close`, a signal, an
 * error that nobody caught, the end of the process.
 */
export class TopTerminal {
  readonly #input: ReadStream
  readonly #output: WriteStream
  readonly #heard: Heard
  #shown: readonly string[] = []
  #isOpen = false

  constructor(input: ReadStream, output: WriteStream, heard: Heard) {
    this.#input = input
    this.#output = output
    this.#heard = heard
    emitKeypressEvents(input)
    input.on('keypress', (text: string | undefined, key: Key) => this.#press(text, key))
    input.on('end', () => this.#heard.key('ctrl-c'))
    // A terminal that is gone: nobody is left to be told.
    input.on('error', () => process.exit(128 + ends.SIGHUP))
    output.on('resize', () => this.#anew())
    process.on('exit', () => this.close())
    process.on('uncaughtExceptionMonitor', () => this.close())
    process.on('SIGCONT', () => this.#resume())
    for (const [signal, number] of Object.entries(ends)) {
      process.on(signal, () => process.exit(128 + number))
    }
    this.#open()
  }

  get size(): Size {
    const { columns = 80, rows = 24 } = this.#output
    return { columns, rows }
  }

  /** Shows these lines, from the first row on. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return
    // Cleared before it is written: after a full line the cursor stands on its last character.
    const rows = lines.flatMap((line, i) =>
      line === this.#shown[i] ? [] : [`${esc}${i + 1};1H${esc}K${line}`],
    )
    this.#shown = lines
    if (rows.length > 0) this.#output.write(rows.join(''))
  }

  /** Gives the terminal back. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      this.#output.write(leave)
      this.#input.setRawMode(false).pause()
    } catch {
      // It is gone.
    }
  }

  #open(): void {
    this.#isOpen = true
    this.#shown = []
    this.#input.setRawMode(true).resume()
    this.#output.write(enter)
  }

  #press(text: string | undefined, { ctrl, name }: Key): void {
    if (ctrl && name === 'z') this.#suspend()
    else if (ctrl && name === 'l') this.#anew()
    else if (ctrl) this.#heard.key(`ctrl-${name}`)
    else this.#heard.key(name !== undefined && name.length > 1 ? name : (text ?? ''))
  }

  #anew(): void {
    if (!this.#isOpen) return
    this.#shown = []
    this.#output.write(`${esc}2J`)
    this.#heard.redraw()
  }

  #suspend(): void {
    this.close()
    process.kill(process.pid, 'SIGTSTP')
  }

  #resume(): void {
    if (!this.#isOpen) this.#open()
    this.#anew()
  }
}
