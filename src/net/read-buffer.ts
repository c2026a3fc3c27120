const sharedBytes = 64 * 1_024
const privateBytes = 256 * 1_024
/** At most 64 MB for long transfers at one time; further ones use the shared buffer. */
const privateMax = 256
/** Idle private buffers kept for the next long transfer. */
const spareMax = 16

const shared = Buffer.allocUnsafeSlow(sharedBytes)
const spares: Buffer[] = []
let lent = 0

/**
 * Where a backend's socket reads into.
 *
 * All start with one shared buffer: what is read must be copied before the callback returns. A
 * connection that fills it is a long transfer, and borrows a large buffer of its own, from which bytes
 * are written without a copy (a third of the CPU of Node's usual 64 KB reads: bench/results/tcp.md).
 */
export class ReadBuffer {
  current: Buffer = shared

  get isShared(): boolean {
    return this.current === shared
  }

  /** Call after a read of `bytes`; borrows when that filled the shared buffer. */
  grow(bytes: number): void {
    if (!this.isShared || bytes < sharedBytes || lent >= privateMax) return
    lent++
    this.current = spares.pop() ?? Buffer.allocUnsafeSlow(privateBytes)
  }

  /** Gives a borrowed buffer back; call once nothing reads into it or writes from it. */
  giveBack(): void {
    if (this.isShared) return
    lent--
    if (spares.length < spareMax) spares.push(this.current)
    this.current = shared
  }
}
