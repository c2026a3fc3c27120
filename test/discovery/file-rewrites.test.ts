import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { createFileDiscovery } from '../../src/discovery/file.ts'
import { observe } from './observed.ts'
import { createRewriter } from './rewriter.ts'

const [rounds, rewrites] = [19, 53]

/** The 40 backends of a version, all of which name it. */
const idsOf = (version: number): string[] =>
  Array.from({ length: 40 }, (_, i) => `v${String(version).padStart(5, '0')}-${i}.example:80`)

it('sees whole versions only, and each last one, of a file rewritten 1000 times in five ways', {
  timeout: 110_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'servers.txt')
  writeFileSync(path, 'v00000-0.example\n')
  const rewrite = createRewriter(t, path)
  const observed = await observe(t, createFileDiscovery(path))
  for (let round = 1; round <= rounds; round++) {
    const versions = Array.from({ length: rewrites }, (_, i) => round * rewrites + i)
    await rewrite(versions.map((version) => idsOf(version).join('\n').concat('\n')))
    await observed.untilFound(...idsOf(versions.at(-1)!))
  }
  for (const ids of observed.found.slice(1)) {
    assert.deepEqual(ids, idsOf(Number(ids[0]!.slice(1, 6))))
  }
  assert.deepEqual(observed.failed, [])
})
