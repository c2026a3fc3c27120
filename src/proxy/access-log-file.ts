import { close, constants, openSync, write } from 'node:fs'
import { PilotiError, systemCode } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { LineWriter, lineMaxBytes } from './access-log-line.ts'

/** A batch is written once it has so many bytes, or its first line is so old. */
const batchBytes = 64 * 1_024
const flushMs = 100
/** So many batches wait for the disk at the most; then lines are dropped, and counted. */
const batchesMax = 64
/** When the file takes nothing: how long until it is tried again. */
const fullPauseMs = 20
const failedPauseMs = 1_000
/** How long a close waits for the disk. */
const closeMs = 2_000

const stdout = '-'
const lineFeed = 0x0a

/** Lines on their way to the file. */
class Batch {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(batchBytes + lineMaxBytes)
  length = 0
  lines = 0
}

/**
 * A file that lines are added to in batches, off the way of whoever adds them.
 *
 * No line is written by halves, whatever is renamed, full or slow meanwhile: what a write has left over comes
 * before all else. When the disk is too slow lines are dropped, which the log says once.
 */
export class LineFile<T> {
  readonly #path: string
  readonly #format: (item: T, line: LineWriter) => void
  readonly #log: Log
  readonly #writer: LineWriter
  #fd: number
  /** Full ones; the first is being written. */
  readonly #waiting: Batch[] = []
  #filling = new Batch()
  #spare: Batch | undefined
  /** How much of the first has been written. */
  #written = 0
  #isWriting = false
  #mustReopen = false
  #timer: NodeJS.Timeout | undefined
  #fault = ''
  #lost = 0
  #lostUntold = 0
  #closing: (() => void) | undefined
  #isClosed = false

  /**
   * @param path `-` is standard output.
   * @param format writes a line with its line feed.
   * @throws PilotiError FILE when it cannot be opened.
   */
  constructor(path: string, format: (item: T, line: LineWriter) => void, log: Log) {
    this.#path = path
    this.#format = format
    this.#log = log
    this.#writer = new LineWriter(this.#filling.bytes)
    this.#fd = open(path)
  }

  /** How many lines were dropped. */
  get lost(): number {
    return this.#lost
  }

  /** Adds the line that tells of `item`. */
  add(item: T): void {
    if (this.#isClosed) return
    if (this.#filling.length >= batchBytes && !this.#next()) return
    const batch = this.#filling
    if (batch.length === 0) this.#flushSoon(flushMs)
    this.#writer.at = batch.length
    this.#format(item, this.#writer)
    batch.length = this.#writer.at
    batch.lines++
  }

  /** Opens the file by its name again: it was renamed, and a new one is wanted. */
  reopen(): void {
    if (this.#path === stdout || this.#isClosed) return
    this.#mustReopen = true
    if (!this.#isWriting) this.#swap()
  }

  /** Writes what there is, for two seconds at the most. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, closeMs)
      this.#closing = () => {
        clearTimeout(late)
        resolve()
      }
      this.#flush()
    })
    clearTimeout(this.#timer)
    const lost = [...this.#waiting, this.#filling].reduce((sum, { lines }) => sum + lines, 0)
    if (lost > 0) this.#drop(lost)
    // What is still being written keeps the file.
    if (!this.#isWriting && this.#path !== stdout) close(this.#fd, () => {})
  }

  /** @returns whether there is room for a line. */
  #next(): boolean {
    if (this.#waiting.length < batchesMax) {
      this.#flush()
      return true
    }
    this.#drop(1)
    return false
  }

  /** Hands over what has been gathered. */
  #flush(): void {
    if (this.#filling.length > 0 && this.#waiting.length < batchesMax) {
      this.#waiting.push(this.#filling)
      this.#filling = this.#spare ?? new Batch()
      this.#writer.bytes = this.#filling.bytes
      this.#spare = undefined
    }
    if (!this.#isWriting) this.#write()
  }

  #flushSoon(withinMs: number): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#flush()
    }, withinMs).unref()
  }

  #write(): void {
    const batch = this.#waiting[0]
    if (batch === undefined) {
      if (this.#filling.length === 0) this.#closing?.()
      else if (this.#isClosed) this.#flush()
      else this.#flushSoon(flushMs)
      return
    }
    this.#isWriting = true
    const at = this.#written
    write(this.#fd, batch.bytes, at, batch.length - at, null, (error, count) => {
      this.#isWriting = false
      this.#written += count ?? 0
      if (error === null && this.#written === batch.length) this.#took(batch)
      if (this.#mustReopen) this.#swap()
      if (error === null) this.#write()
      else this.#failed(error)
    })
  }

  #took(batch: Batch): void {
    this.#waiting.shift()
    this.#written = 0
    batch.length = 0
    batch.lines = 0
    this.#spare = batch
    if (this.#waiting.length === 0) this.#tellOver()
  }

  #failed(error: NodeJS.ErrnoException): void {
    // A pipe whose reader is slow: it will have room.
    const isFull = error.code === 'EAGAIN'
    if (!isFull && this.#fault === '') {
      this.#fault = systemCode(error)
      const sentence = `cannot write the access log '${this.#path}': ${this.#fault}`
      this.#log.error('access_log_failed', sentence, { file: this.#path, reason: this.#fault })
    }
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#flushSoon(isFull ? fullPauseMs : failedPauseMs)
  }

  #drop(lines: number): void {
    this.#lost += lines
    if (this.#lostUntold === 0) {
      const sentence = `the access log '${this.#path}' takes too little: lines are dropped and counted`
      this.#log.warn('access_log_behind', sentence, { file: this.#path })
    }
    this.#lostUntold += lines
  }

  #tellOver(): void {
    if (this.#fault === '' && this.#lostUntold === 0) return
    const lost = this.#lostUntold
    this.#fault = ''
    this.#lostUntold = 0
    const sentence = `the access log '${this.#path}' is written again; ${lost} lines are lost`
    this.#log.info('access_log_over', sentence, { file: this.#path, lost })
  }

  #swap(): void {
    this.#mustReopen = false
    // What is left of a line whose beginning stands in the old file goes there too, if that takes it.
    const first = this.#waiting[0]
    const isAmid = first !== undefined && this.#written > 0
    if (isAmid && this.#fault === '' && first.bytes[this.#written - 1] !== lineFeed) {
      this.#mustReopen = true
      return
    }
    let next: number
    try {
      next = open(this.#path)
    } catch (error) {
      this.#log.error('access_log_failed', `${(error as Error).message}; the old one goes on`, {
        file: this.#path,
      })
      return
    }
    if (isAmid) this.#written = first.bytes.lastIndexOf(lineFeed, this.#written - 1) + 1
    close(this.#fd, () => {})
    this.#fd = next
    this.#log.info('reopen', `the access log '${this.#path}' was opened again`, {
      file: this.#path,
    })
  }
}

/** Neither a pipe without a reader nor one whose reader is slow holds anything up. */
function open(path: string): number {
  const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants
  try {
    if (path !== stdout) return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o640)
  } catch (error) {
    const why = systemCode(error)
    throw new PilotiError('FILE', `cannot write the access log '${path}': ${why}`, { cause: error })
  }
  try {
    return openSync('/proc/self/fd/1', O_WRONLY | O_APPEND | O_NONBLOCK)
  } catch {
    return 1
  }
}
