import { type FSWatcher, watch } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

interface Watched {
  /** Which folder it is, whatever its path: it may be replaced by another. */
  readonly id: string
  readonly watcher: FSWatcher
}

/**
 * Hears of changes in the folder of a path, and in that of the file it leads to.
 *
 * Folders, because a file that is renamed onto the path is another one. It may miss changes (links on the
 * way, network file systems, too many watches): it makes things faster, and somebody has to look anyway.
 */
export class Folders {
  readonly #changed: () => void
  readonly #watched = new Map<string, Watched>()
  #isClosed = false

  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** Watches where `path` leads now, and no more where it led before. Never rejects. */
  async follow(path: string): Promise<void> {
    const real = await realpath(path).catch(() => path)
    const wanted = new Map<string, string>()
    for (const folder of new Set([dirname(path), dirname(real)])) {
      const found = await stat(folder).catch(() => undefined)
      if (found !== undefined) wanted.set(folder, `${found.dev}:${found.ino}`)
    }
    if (this.#isClosed) return
    for (const [folder, { id }] of this.#watched) {
      if (wanted.get(folder) !== id) this.#forget(folder)
    }
    for (const [folder, id] of wanted) {
      if (!this.#watched.has(folder)) this.#watch(folder, id)
    }
  }

  close(): void {
    this.#isClosed = true
    for (const folder of this.#watched.keys()) this.#forget(folder)
  }

  #watch(folder: string, id: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, this.#changed)
      watcher.on('error', () => this.#forget(folder))
      this.#watched.set(folder, { id, watcher })
    } catch {
      // No watch is to be had now; the next look asks again.
    }
  }

  #forget(folder: string): void {
    this.#watched.get(folder)?.watcher.close()
    this.#watched.delete(folder)
  }
}
