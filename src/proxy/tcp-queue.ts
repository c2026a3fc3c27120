import type { Socket } from 'node:net'
import { wasAborted } from '../net/abort.ts'
import type { Expiring, Sweep } from '../net/sweep.ts'

/**
 * A client in line for a backend, with its bytes unread.
 *
 * A socket that is not read from tells nothing. So it is asked at every tick whether the client still is there:
 * one that broke off is noticed. One that has ended its side may still wait for an answer, and stays.
 */
export class QueuedClient implements Expiring {
  /** Long past: it is looked at at every tick. */
  readonly deadlineMs = 0
  sweepSlot = -1
  readonly #client: Socket
  readonly #sweep: Sweep
  readonly #untilMs: number
  readonly #leave: (isLate: boolean) => void

  /**
   * @param withinMs how long it may wait; 0 is no limit.
   * @param leave called once, when the client has left or its time is over.
   */
  constructor(client: Socket, sweep: Sweep, withinMs: number, leave: (isLate: boolean) => void) {
    this.#client = client
    this.#sweep = sweep
    this.#untilMs = performance.now() + (withinMs || Number.POSITIVE_INFINITY)
    this.#leave = leave
    sweep.add(this)
  }

  expire(): void {
    const isLate = performance.now() >= this.#untilMs
    if (!isLate && !hasLeft(this.#client)) return
    this.end()
    this.#leave(isLate)
  }

  /** It waits no longer. */
  end(): void {
    this.#sweep.delete(this)
  }
}

/** Whether a client whose bytes are unread has broken off. */
export function hasLeft(client: Socket): boolean {
  return client.destroyed || wasAborted(client)
}
