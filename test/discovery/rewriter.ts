import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./rewriter.mjs', import.meta.url))

/**
 * A process that rewrites a file as hastily as it can: in place, in pieces, by renaming, by another link, after
 * deleting it.
 *
 * @returns what makes the file have each text after the other, and resolves when it has the last.
 */
export function createRewriter(
  t: TestContext,
  path: string,
): (texts: readonly string[]) => Promise<void> {
  const child = spawn(process.execPath, [program, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  return async (texts) => {
    child.stdin.write(`${JSON.stringify(texts)}\n`)
    await once(lines, 'line')
  }
}
