import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { checkConfig, loadConfig, problemsOf } from '../../src/config.ts'
import { linesOf } from './files.ts'

const folder = fileURLToPath(new URL('broken', import.meta.url))

/** The comments `#! LINE:COLUMN WORDS` at its top: all that is wrong with a file, in order. */
function expectedOf(text: string): { readonly place: string; readonly words: string }[] {
  return [...text.matchAll(/^#! (\d+:\d+) (.+?)\r?$/gm)].map(([, place, words]) => {
    return { place: place!, words: words! }
  })
}

describe('a broken file', { concurrency: 8 }, () => {
  const names = readdirSync(folder)
  assert.ok(names.length >= 60)
  for (const name of names) {
    it(`is told with the right lines: ${name}`, async () => {
      const path = join(folder, name)
      const expected = expectedOf(readFileSync(path, 'utf8'))
      const checked = await checkConfig(path)
      const lines = linesOf(checked)
      assert.ok(expected.length > 0)
      assert.deepEqual(
        lines.map((line) => /^\d+:\d+/.exec(line)?.[0]),
        expected.map(({ place }) => place),
        lines.join('\n'),
      )
      for (const [i, { words }] of expected.entries()) {
        assert.ok(lines[i]!.includes(words), `${lines[i]}\nwithout: ${words}`)
      }
    })
  }

  it('throws CONFIG with every error in its message, and gives the problems', async () => {
    const path = join(folder, 'route-path.yaml')
    const error = await loadConfig(path).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof Error)
    assert.equal((error as { code?: string }).code, 'CONFIG')
    assert.deepEqual(
      error.message.split('\n').map((line) => line.slice(path.length, path.length + 8)),
      [':6:12: p', ':7:12: p', ':8:12: p'],
    )
    assert.deepEqual(
      problemsOf(error).map((problem) => problem.path),
      [0, 1, 2].map((i) => `routes[${i}].path`),
    )
  })
})
