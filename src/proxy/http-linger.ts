import type { Socket } from 'node:net'

export interface LingerLimits {
  readonly lingerTimeoutMs: number
  readonly lingerLimitBytes: number
  /** For the client to take what was written. */
  readonly writeTimeoutMs: number
}

/** Whose socket it is, and who keeps its deadline. */
export interface Lingering {
  readonly socket: Socket
  expect(withinMs: number): void
}

/**
 * Ends a client's connection and reads on for a while, or a reset could take the answer away before the
 * client has read it. RFC 9112 9.6
 */
export class Linger {
  readonly #socket: Socket
  readonly #limitBytes: number
  #bytes = 0

  constructor(client: Lingering, limits: LingerLimits) {
    const { socket } = client
    this.#socket = socket
    this.#limitBytes = limits.lingerLimitBytes
    client.expect(Number.POSITIVE_INFINITY)
    socket.setTimeout(limits.writeTimeoutMs)
    socket.end(() => {
      socket.setTimeout(0)
      client.expect(Math.max(1, limits.lingerTimeoutMs))
    })
    socket.resume()
  }

  /** Takes what the client still sends, up to the limit. */
  discard(chunk: Buffer): void {
    this.#bytes += chunk.length
    if (this.#bytes > this.#limitBytes) this.#socket.destroy()
  }
}
