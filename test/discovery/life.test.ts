import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { start } from '../support/command.ts'

it('holds a process until its start is over, and no longer', { timeout: 60_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'servers.txt')
  writeFileSync(path, 'a')
  // A port of the machine itself that nobody answers at: the start takes its time.
  const sources = [
    { kind: 'file', path },
    { kind: 'dns', name: 'api.example', port: 80, server: '127.0.0.1:9' },
  ]
  const module = new URL('../../src/discovery/create.ts', import.meta.url)
  const program = `
    import { createDiscovery } from ${JSON.stringify(module)}
    for (const source of ${JSON.stringify(sources)}) {
      const tell = (event) => () => console.log(source.kind, event)
      await createDiscovery(source).start({ found: tell('found'), failed: tell('failed') })
    }
    console.log('started')`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
  const { code, stdout } = await start(t, process.execPath, args).ended
  assert.deepEqual([code, stdout], [0, 'file found\ndns failed\nstarted\n'])
})
