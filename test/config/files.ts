import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { BalancerSpec } from '../../src/balancer.ts'
import { type Checked, checkConfig, formatProblem, loadConfig } from '../../src/config.ts'

/** A folder of its own for a test; gone when it ends. */
export async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'piloti-config-'))
  t.after(() => rm(path, { recursive: true, force: true, maxRetries: 5 }))
  return path
}

/** A file that holds `text`. */
export async function fileOf(t: TestContext, text: string | Buffer): Promise<string> {
  const path = join(await folder(t), 'piloti.yaml')
  await writeFile(path, text)
  return path
}

/** What a file that holds `text` describes. */
export async function specOf(t: TestContext, text: string): Promise<BalancerSpec> {
  return (await loadConfig(await fileOf(t, text))).spec
}

/** `3:5: what is wrong (what to write)` for each problem of `text`. */
export async function problemsIn(t: TestContext, text: string | Buffer): Promise<string[]> {
  return linesOf(await checkConfig(await fileOf(t, text)))
}

export function linesOf({ problems }: Checked): string[] {
  return problems.map((problem) => formatProblem('', problem).replace(/^:\s?/, ''))
}
