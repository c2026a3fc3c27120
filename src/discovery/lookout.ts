import { Folders } from './folders.ts'
import { type Snapshot, takeSnapshot } from './snapshot.ts'

/** After a change it looks so soon, and no more often than that, however much happens in the folder. */
const rushMs = 20

/**
 * Looks at a file again and again, and soon after something changes where it lies. What was seen is judged
 * elsewhere.
 *
 * Nothing of it keeps the process alive.
 */
export class Lookout {
  readonly #path: string
  readonly #judge: (snapshot: Snapshot | undefined, nowMs: number) => number
  readonly #folders = new Folders(() => this.#hurry())
  #timer: NodeJS.Timeout | undefined
  /** What was seen last; it is not read again while nothing can have changed. */
  #last: Snapshot | undefined
  #isLooking = false
  #isHurried = false
  #isClosed = false

  /**
   * @param judge gets what was seen, or undefined when the file changed meanwhile, and the time on the
   *   monotonic clock; returns in how many milliseconds to look again.
   */
  constructor(path: string, judge: (snapshot: Snapshot | undefined, nowMs: number) => number) {
    this.#path = path
    this.#judge = judge
  }

  start(): void {
    if (!this.#isClosed) void this.#look()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#folders.close()
  }

  #hurry(): void {
    if (this.#isHurried) return
    this.#isHurried = true
    if (!this.#isLooking) this.#schedule(rushMs)
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer)
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#look(), delayMs).unref()
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    this.#isHurried = false
    // First, so that no change from here on goes unheard.
    await this.#folders.follow(this.#path)
    const snapshot = await takeSnapshot(this.#path, this.#last)
    this.#isLooking = false
    if (this.#isClosed) return
    this.#last = snapshot ?? this.#last
    const waitMs = this.#judge(snapshot, performance.now())
    this.#schedule(this.#isHurried ? Math.min(rushMs, waitMs) : waitMs)
  }
}
