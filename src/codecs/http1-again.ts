/**
 * The field lines of the last message, in case the next one has the very same.
 *
 * On a connection that is kept a program says the same of itself with every request. Comparing bytes costs
 * a tenth of reading them, and equal bytes have been found valid before.
 */
import { type LineTable, STRIDE } from './http1-table.ts'

/** Longer sections are not kept. */
const keptBytesMax = 2_048
const nothing = Buffer.alloc(0)

export class LastSection {
  #bytes = nothing
  #length = 0
  #from = 0
  #table = new Int32Array(0)
  #count = 0
  #seen = 0
  #twice = 0

  /** Says whether the same bytes stand at `from`. */
  isAt(bytes: Buffer, from: number, stop: number): boolean {
    const { length } = this.#bytes
    if (length === 0 || stop - from < length) return false
    return bytes.compare(this.#bytes, 0, length, from, from + length) === 0
  }

  /**
   * Keeps a section that has just been read, before anything is marked in it.
   *
   * The second of one length in a row, that is: where each differs from the last, keeping them is lost work.
   */
  keep(fields: LineTable, bytes: Buffer, start: number, from: number): void {
    const length = fields.end - from
    const isSecond = length === this.#length
    this.#length = length
    if (!isSecond || length > keptBytesMax) {
      this.#bytes = nothing
      return
    }
    this.#bytes = Buffer.allocUnsafeSlow(length)
    bytes.copy(this.#bytes, 0, start + from, start + fields.end)
    this.#from = from
    this.#table = fields.table.slice(0, fields.count * STRIDE)
    this.#count = fields.count
    this.#seen = fields.seen
    this.#twice = fields.twice
  }

  /** Fills in what was read of the kept section, for one that begins at `from`. */
  repeat(fields: LineTable, from: number): void {
    const { table } = fields
    table.set(this.#table)
    fields.count = this.#count
    fields.seen = this.#seen
    fields.twice = this.#twice
    fields.end = from + this.#length
    const shift = from - this.#from
    if (shift === 0) return
    for (let slot = 0; slot < this.#table.length; slot += STRIDE) {
      for (let part = 0; part < STRIDE - 1; part++) table[slot + part]! += shift
    }
  }
}
