import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { versionOf } from '../../src/balancer/strategy-file.ts'
import { loadStrategy } from '../../src/balancer.ts'
import { silent } from '../../src/base/log.ts'
import { idle } from '../strategies/laws.ts'

/** A file of that name and text, for the time of the test. */
function file(t: TestContext, name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const picksLast = 'pick: (candidates) => candidates[candidates.length - 1]'

describe('a strategy from a file', () => {
  const good: readonly (readonly [string, string])[] = [
    ['object.mjs', `export default { name: 'last', ${picksLast} }`],
    ['factory.mjs', `export default () => ({ name: 'last', ${picksLast} })`],
    [
      'typed.ts',
      `interface Named { readonly id: string }
       const last = <C extends Named>(candidates: readonly C[]): C => candidates.at(-1)!
       export default { name: 'last', pick: last }`,
    ],
  ]
  for (const [name, text] of good) {
    it(`is used: ${name}`, async (t) => {
      const strategy = await loadStrategy(file(t, name, text), silent)
      assert.equal(strategy.name, 'last')
      assert.equal(strategy.pick(idle(3), '').id, 'h:3')
    })
  }

  for (const name of ['mine.mjs', 'mine.ts']) {
    it(`is read again when it has changed: ${name}`, async (t) => {
      const path = file(t, name, `export default { name: 'old', ${picksLast} }`)
      const before = versionOf(path)
      assert.equal((await loadStrategy(path, silent)).name, 'old')
      assert.equal(versionOf(path), before)
      writeFileSync(path, `export default { name: 'new', ${picksLast} }`)
      utimesSync(path, 0, 1)
      assert.notEqual(versionOf(path), before)
      assert.equal((await loadStrategy(path, silent)).name, 'new')
    })
  }

  const bad: readonly (readonly [string, string, RegExp])[] = [
    ['nothing.mjs', 'export const a = 1', /its default export is no strategy: it is undefined/],
    ['syntax.mjs', 'export default {', /cannot use strategy file '.*syntax\.mjs': /],
    ['throws.mjs', `export default () => { throw new Error('no') }`, /default export threw: no/],
    ['nobody.mjs', `export default { name: 'x', pick: () => 1 }`, /gave 1 instead of a candidate/],
    ['exits.mjs', 'process.exit(7)', /it ends the process, with exit code 7/],
    [
      'loops.mjs',
      `export default { name: 'x', pick: () => { while (true) {} } }`,
      /its pick takes longer than 1000 ms/,
    ],
    [
      'loops.ts',
      `export default (): unknown => { while (true) {} }`,
      /its pick takes longer than 1000 ms/,
    ],
  ]
  for (const [name, text, message] of bad) {
    it(`is refused: ${name}`, async (t) => {
      await assert.rejects(loadStrategy(file(t, name, text), silent), {
        code: 'STRATEGY_FILE',
        message,
      })
    })
  }

  it('is refused when there is none', async () => {
    const message = /cannot use strategy file '.*absent\.mjs': there is no such file/
    await assert.rejects(loadStrategy('./absent.mjs', silent), { code: 'STRATEGY_FILE', message })
  })

  it('may be a name of the table instead', async () => {
    assert.equal((await loadStrategy('two-choices', silent)).name, 'two-choices')
    await assert.rejects(loadStrategy('two-choice', silent), { code: 'STRATEGY_UNKNOWN' })
  })
})
