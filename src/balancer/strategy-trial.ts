import { Worker } from 'node:worker_threads'

/** The first picks may take so long. */
const pickMaxMs = 1_000
/** Starting a thread, and what reads TypeScript, is not the file's doing; on a busy machine it takes long. */
const importMaxMs = 10_000

// The same file, as it lies in the sources (run with tsx) or in the build.
const suffix = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const thread = new URL(`./strategy-thread.${suffix}`, import.meta.url)
/** In the sources, Node 20 has to be taught TypeScript first: a thread does not inherit that. */
const teach = 'await import(workerData.tsx).then(({ register }) => register());'
const begin = (isSource: boolean): string =>
  `const { workerData } = require('node:worker_threads');
   (async () => { ${isSource ? teach : ''} await import(workerData.thread) })()`

export interface TrialData {
  /** To be tried, as `importStrategy` takes it. */
  readonly file: string
}

/** What the thread tells: that the file is imported, and what came of its picks. */
export type TrialNews = 'imported' | { readonly fault: string }

/**
 * Imports a strategy file in a thread of its own and lets it pick, so that one that never ends, or ends the
 * process, does no harm.
 *
 * @returns what is wrong with it, for people; empty when nothing is.
 */
export async function tryStrategy(href: string): Promise<string> {
  // What the file prints would be there twice.
  const worker = new Worker(begin(suffix === 'ts'), {
    eval: true,
    workerData: { thread: thread.href, tsx: import.meta.resolve('tsx/esm/api'), file: href },
    stdout: true,
    stderr: true,
  })
  try {
    return await toldBy(worker)
  } finally {
    await worker.terminate()
  }
}

function toldBy(worker: Worker): Promise<string> {
  return new Promise((resolve) => {
    const late = (what: string, ms: number): NodeJS.Timeout =>
      setTimeout(() => resolve(`${what} takes longer than ${ms} ms`), ms)
    let timer = late('to import it', importMaxMs)
    const end = (fault: string): void => {
      clearTimeout(timer)
      resolve(fault)
    }
    worker.on('message', (news: TrialNews) => {
      if (news !== 'imported') return end(news.fault)
      clearTimeout(timer)
      timer = late('its pick', pickMaxMs)
    })
    worker.on('error', (error) => end(`it threw: ${error.message}`))
    worker.on('exit', (code) => end(`it ends the process, with exit code ${code}`))
  })
}
