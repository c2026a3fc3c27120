import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createFileDiscovery } from '../../src/discovery/file.ts'
import { observe } from './observed.ts'

const rewriter = fileURLToPath(new URL('./rewriter.mjs', import.meta.url))
const [rounds, rewrites] = [19, 53]

it('sees whole versions only, and each last one, of a file rewritten 1000 times in five ways', {
  timeout: 110_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'servers.txt')
  writeFileSync(path, 'v00000-0.example\n')
  const child = spawn(process.execPath, [rewriter, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })
  const observed = await observe(t, createFileDiscovery(path))
  for (let round = 1; round <= rounds; round++) {
    child.stdin.write(`${rewrites}\n`)
    const [last] = (await once(lines, 'line')) as [string]
    assert.equal(Number(last), round * rewrites)
    const name = `v${last.padStart(5, '0')}-0.example:80`
    await observed.until(({ found }) => found.at(-1)?.[0] === name)
  }
  for (const ids of observed.found.slice(1)) {
    const version = ids[0]!.slice(0, 'v00000-'.length)
    assert.deepEqual(
      ids,
      Array.from({ length: 40 }, (_, i) => `${version}${i}.example:80`),
    )
  }
  assert.deepEqual(observed.failed, [])
})
