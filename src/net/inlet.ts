import type { OnReadOpts } from 'node:net'

const sharedBytes = 64 * 1_024
/** Long transfers beyond this use the shared buffer. */
const lentMaxBytes = 64 * 1_024 * 1_024
/** Buffers kept for the next long transfer. */
const sparesMax = 8

const shared = Buffer.allocUnsafeSlow(sharedBytes)
const spares: Buffer[] = []
let lentBytes = 0

/** Who takes what a socket reads. */
export interface Reader {
  /**
   * Takes the bytes from 0 to `end`.
   *
   * @param isShared whether others read into `bytes` too, so that what is kept must be copied now.
   * @returns whether to go on reading; if not, `resume()` of the socket does.
   */
  read(bytes: Buffer, end: number, isShared: boolean): boolean
}

/**
 * Where a backend's socket reads into, and who takes it: dial with `onread`, then set `reader`.
 *
 * All sockets share one buffer. One that fills it carries a long transfer, and is lent a buffer of its own,
 * from which bytes can be written without a copy. Node's own way, a new 64 KB buffer for each read, costs
 * half as much again (bench/results/tcp.md).
 */
export class Inlet {
  readonly onread: OnReadOpts
  reader: Reader | undefined
  readonly #privateBytes: number
  #buffer: Buffer = shared

  /** @param privateBytes the size of a buffer of its own. */
  constructor(privateBytes: number) {
    this.#privateBytes = privateBytes
    this.onread = {
      buffer: () => this.#buffer,
      callback: (bytes) => this.#read(bytes),
    }
  }

  /** Gives a lent buffer back, when nothing is being written from it any more. */
  giveBack(): void {
    if (this.#buffer === shared) return
    if (spares.length < sparesMax) spares.push(this.#buffer)
    this.abandon()
  }

  /** Lets go of a lent buffer that is still being written from. */
  abandon(): void {
    if (this.#buffer === shared) return
    lentBytes -= this.#buffer.length
    this.#buffer = shared
  }

  #read(end: number): boolean {
    const buffer = this.#buffer
    const isShared = buffer === shared
    // Nobody reads: the bytes go nowhere, and reading stops.
    const goOn = this.reader?.read(buffer, end, isShared) ?? false
    if (isShared && end === sharedBytes && lentBytes < lentMaxBytes) this.#borrow()
    return goOn
  }

  #borrow(): void {
    lentBytes += this.#privateBytes
    const index = spares.findIndex(({ length }) => length === this.#privateBytes)
    const [spare] = index === -1 ? [] : spares.splice(index, 1)
    this.#buffer = spare ?? Buffer.allocUnsafeSlow(this.#privateBytes)
  }
}

/** Bytes of their own, to keep after `read` has returned. */
export function copyOf(bytes: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.allocUnsafe(to - from)
  bytes.copy(copy, 0, from, to)
  return copy
}
