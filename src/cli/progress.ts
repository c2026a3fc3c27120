const width = 30
const everyMs = 100
/** Where there is no terminal, a line now and then is enough. */
const plainEveryMs = 10_000
/** What is over sooner needs no bar, and no line. */
const patienceMs = 500
const plainPatienceMs = 3_000

/** Shows on stderr how far a long task has come. */
export interface Progress {
  /** @param share what is done, 0 … 1 */
  show(share: number): void
  /** Takes the bar away. */
  clear(): void
}

/** For whoever wants none. */
export const silentProgress: Progress = { show: () => {}, clear: () => {} }

/** A bar on a terminal, a plain line now and then elsewhere. Nothing for what is over at once. */
export function createProgress(what: string): Progress {
  const isTerminal = process.stderr.isTTY === true
  let nextMs = performance.now() + (isTerminal ? patienceMs : plainPatienceMs)
  let isShown = false
  return {
    show(share) {
      const nowMs = performance.now()
      if (nowMs < nextMs) return
      nextMs = nowMs + (isTerminal ? everyMs : plainEveryMs)
      const percent = `${Math.floor(share * 100)} %`
      if (!isTerminal) process.stderr.write(`${what}: ${percent}\n`)
      else process.stderr.write(`\r${what} [${barOf(share)}] ${percent}\u001b[K`)
      isShown = isTerminal
    },
    clear() {
      if (isShown) process.stderr.write('\r\u001b[K')
      isShown = false
    },
  }
}

function barOf(share: number): string {
  const filled = Math.round(Math.min(share, 1) * width)
  return `${'#'.repeat(filled)}${'.'.repeat(width - filled)}`
}
