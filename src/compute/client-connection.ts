import { connect, type Socket } from 'node:net'
import type { Address } from '../base/address.ts'
import { systemCode } from '../base/errors.ts'
import { LineReader, tooLong } from '../codecs/lines.ts'

/** A side that is gone without a word is noticed by this, in the system's own time. */
const keepAliveMs = 10_000

export interface ConnectionOptions {
  readonly address: Address
  readonly connectTimeoutMs: number
  readonly lineLimitBytes: number
}

/** Who uses a connection. */
export interface User {
  open(): void
  line(text: string): void
  /** Once, whatever ended it, also before it was open; nothing follows. Not after `close`. */
  lost(why: string): void
}

/** One connection of a client: lines both ways. */
export class Connection {
  readonly #socket: Socket
  readonly #user: User
  readonly #lines: LineReader
  #isOver = false

  constructor({ address, connectTimeoutMs, lineLimitBytes }: ConnectionOptions, user: User) {
    this.#user = user
    this.#lines = new LineReader(lineLimitBytes)
    const socket = connect({ ...address, autoSelectFamily: true, noDelay: true })
    this.#socket = socket
    socket.setKeepAlive(true, keepAliveMs)
    const late = setTimeout(
      () => this.#lose(`no answer in ${connectTimeoutMs} ms`),
      connectTimeoutMs,
    )
    socket.on('error', (error) => this.#lose(systemCode(error)))
    socket.on('end', () => this.#lose('it closed the connection'))
    socket.on('close', () => {
      clearTimeout(late)
      this.#lose('it closed the connection')
    })
    socket.on('connect', () => {
      clearTimeout(late)
      if (!this.#isOver) user.open()
    })
    socket.on('data', (chunk) => this.#read(chunk))
  }

  write(text: string): void {
    this.#socket.write(text)
  }

  close(): void {
    this.#isOver = true
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    this.#lines.push(chunk)
    while (!this.#isOver) {
      const line = this.#lines.next()
      if (line === undefined) return
      if (line === tooLong) return this.#lose('it sent a line that is too long')
      if (line.length > 0) this.#user.line(line.toString())
    }
  }

  #lose(why: string): void {
    if (this.#isOver) return
    this.close()
    this.#user.lost(why)
  }
}
