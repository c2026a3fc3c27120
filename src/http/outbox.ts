import type { Socket } from 'node:net'
import { copyOf } from '../net/inlet.ts'

/** Room for the largest head with what is added to it, or for a head and a body of usual size. */
const outboxBytes = 64 * 1_024

/**
 * Gathers a head and the start of its body, so that a message leaves in one write.
 *
 * One is enough for all connections: it is filled and flushed within one callback.
 */
export class Outbox {
  buffer: Buffer = Buffer.allocUnsafeSlow(outboxBytes)
  /** How much of `buffer` is filled. */
  length = 0

  /**
   * Sends bytes behind what is gathered.
   *
   * @param isShared whether `bytes` is written over later, so that what has to wait must be copied.
   */
  send(socket: Socket, bytes: Buffer, from: number, to: number, isShared: boolean): void {
    if (to - from > this.buffer.length - this.length) {
      this.flush(socket)
      socket.write(isShared ? copyOf(bytes, from, to) : bytes.subarray(from, to))
      return
    }
    bytes.copy(this.buffer, this.length, from, to)
    this.length += to - from
  }

  /** Writes what is gathered. */
  flush(socket: Socket): void {
    if (this.length === 0) return
    const gathered = this.buffer.subarray(0, this.length)
    this.length = 0
    socket.write(gathered)
    // The system did not take all of it, so the socket still needs this buffer.
    if (socket.writableLength > 0) this.buffer = Buffer.allocUnsafeSlow(outboxBytes)
  }

  /** Forgets what is gathered. */
  drop(): void {
    this.length = 0
  }
}
