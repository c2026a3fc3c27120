import type { ServerResponse } from 'node:http'

/** How many may look at a time. */
const viewersMax = 64
/** How many messages a viewer may miss, one after the other, before it has to come again. */
const missedMax = 20

/** Who looks at the dashboard. One that is slow misses messages, and then has to go: nothing is kept for it. */
export class Viewers {
  /** With how many messages in a row each has missed. */
  readonly #missed = new Map<ServerResponse, number>()

  get count(): number {
    return this.#missed.size
  }

  get isFull(): boolean {
    return this.#missed.size >= viewersMax
  }

  /** Tells it `first`, and all that follows. */
  add(viewer: ServerResponse, first: string): void {
    this.#missed.set(viewer, 0)
    viewer.on('error', () => {})
    viewer.on('close', () => this.#missed.delete(viewer))
    viewer.write(first)
  }

  tell(message: string): void {
    for (const [viewer, missed] of this.#missed) {
      const isSlow = viewer.writableLength > 0
      this.#missed.set(viewer, isSlow ? missed + 1 : 0)
      if (!isSlow) viewer.write(message)
      else if (missed >= missedMax) viewer.destroy()
    }
  }

  close(): void {
    for (const viewer of this.#missed.keys()) viewer.destroy()
  }
}
