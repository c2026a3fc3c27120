import { Lookout } from './lookout.ts'
import type { Snapshot } from './snapshot.ts'

export interface WatchedFileOptions {
  /** What the file was when it was read last; by default, what it is now. */
  readonly signature?: string
  /** How often it looks even when it hears of no change; 1 s by default. */
  readonly pollMs?: number
  /** How long a file must be what it is before it is told; 200 ms by default. */
  readonly settleMs?: number
  /** The same for one that looks half-written, and for one that is gone; 1 s by default. */
  readonly patienceMs?: number
}

/** One that is being written is looked at again so soon. */
const rushMs = 20

/**
 * Tells when what a file says is another and stands still: rewritten, renamed onto, or reached by another link.
 *
 * @returns what ends it. Nothing of it keeps the process alive.
 */
export function watchFile(
  path: string,
  changed: () => void,
  options: WatchedFileOptions = {},
): () => void {
  const watched = new WatchedFile(changed, options)
  const lookout = new Lookout(path, (snapshot, nowMs) => watched.judge(snapshot, nowMs))
  lookout.start()
  return () => lookout.close()
}

class WatchedFile {
  readonly #changed: () => void
  readonly #options: WatchedFileOptions
  /** What was told last. */
  #told: Snapshot | undefined
  /** What was seen last, and since when. */
  #seen: Snapshot | undefined
  #sinceMs = 0

  constructor(changed: () => void, options: WatchedFileOptions) {
    this.#changed = changed
    this.#options = options
  }

  /** @returns when to look again, in milliseconds. */
  judge(snapshot: Snapshot | undefined, nowMs: number): number {
    if (snapshot === undefined) return rushMs
    const { pollMs = 1_000, settleMs = 200, patienceMs = 1_000 } = this.#options
    if (this.#told === undefined && this.#isKnown(snapshot)) {
      this.#told = snapshot
      this.#seen = snapshot
    }
    if (this.#seen === undefined || !isSame(this.#seen, snapshot)) this.#sinceMs = nowMs
    this.#seen = snapshot
    if (this.#told !== undefined && isSame(this.#told, snapshot)) return pollMs
    const leftMs = this.#sinceMs + (isDoubtful(snapshot) ? patienceMs : settleMs) - nowMs
    if (leftMs > 0) return Math.ceil(leftMs)
    this.#told = snapshot
    this.#changed()
    return pollMs
  }

  #isKnown({ signature }: Snapshot): boolean {
    return this.#options.signature === undefined || this.#options.signature === signature
  }
}

const isSame = (a: Snapshot, b: Snapshot): boolean => a.text === b.text && a.fault === b.fault

/** Whether it may be half-written, or about to come back. */
const isDoubtful = ({ text, fault }: Snapshot): boolean => fault !== '' || !/[\r\n]$/.test(text)
