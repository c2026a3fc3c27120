import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { checkConfig } from '../../src/config.ts'
import { fileOf, linesOf } from './files.ts'

describe('what a file leads to', { timeout: 60_000 }, () => {
  it('needs no name server for localhost, as discovery does', async (t) => {
    const text = `listen: localhost:0
backends: [localhost:1, app.localhost:2, 127.0.0.1:3]
discover: {dns: localhost, port: 4, server: 127.0.0.1:1}
`
    const checked = await checkConfig(await fileOf(t, text), { resolveNames: true })
    assert.deepEqual(linesOf(checked), [])
  })

  const bad: readonly (readonly [why: string, text: string, says: RegExp])[] = [
    ['has a syntax error', 'export default {', /^2:11: cannot use strategy file '.*mine\.mjs': /],
    ['throws', `throw new Error('no')`, /^2:11: .*: no$/],
    ['ends the process', 'process.exit(7)', /^2:11: .*: it ends the process, with exit code 7$/],
    [
      'never ends a pick',
      `export default { name: 'x', pick() { while (true) {} } }`,
      /^2:11: .*: its pick takes longer than 1000 ms$/,
    ],
  ]
  for (const [why, text, says] of bad) {
    it(`is told in its place: a strategy file that ${why}`, async (t) => {
      const path = await fileOf(t, 'backends: [:1]\nstrategy: ./mine.mjs\n')
      await writeFile(join(dirname(path), 'mine.mjs'), text)
      const [line, ...others] = linesOf(await checkConfig(path))
      assert.match(line!, says)
      assert.deepEqual(others, [])
    })
  }
})
