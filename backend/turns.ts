export interface Turns {
  readonly taken: number
  readonly queued: number
  /**
   * Waits for a seat, first come, first served; false at once when the queue is full.
   * @throws the reason of `signal`, when that comes first.
   */
  take(signal: AbortSignal): Promise<boolean>
  /** Gives a seat back, and so to whoever waits longest. */
  give(): void
}

/** A waiting room: `seats` may be taken at a time, and `queueLimit` may wait for one. */
export function createTurns(seats: number, queueLimit: number): Turns {
  const waiting = new Set<() => void>() // Ordered, and whoever gives up leaves in O(1).
  let taken = 0

  function take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (taken < seats) {
      taken++
      return Promise.resolve(true)
    }
    if (waiting.size >= queueLimit) return Promise.resolve(false)
    return new Promise((resolve, reject) => {
      const called = () => {
        signal.removeEventListener('abort', left)
        resolve(true)
      }
      const left = () => {
        waiting.delete(called)
        reject(signal.reason)
      }
      waiting.add(called)
      signal.addEventListener('abort', left, { once: true })
    })
  }

  function give(): void {
    const [next] = waiting
    if (next === undefined) {
      taken--
    } else {
      waiting.delete(next) // The seat passes on, so `taken` stays.
      next()
    }
  }

  return {
    get taken() {
      return taken
    },
    get queued() {
      return waiting.size
    },
    take,
    give,
  }
}
