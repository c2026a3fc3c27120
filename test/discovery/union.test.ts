import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { Discovery, DiscoveryObserver } from '../../src/discovery/discovery.ts'
import { createFileDiscovery } from '../../src/discovery/file.ts'
import { parseBackend } from '../../src/discovery/static.ts'
import { createUnion } from '../../src/discovery/union.ts'
import { observe } from './observed.ts'

/** Two files, written when a text is given. */
async function files(t: TestContext, ...texts: readonly (string | undefined)[]) {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const paths = texts.map((_, i) => join(folder, `${i}.txt`))
  for (const [i, text] of texts.entries()) if (text !== undefined) await writeFile(paths[i]!, text)
  return { paths, discoveries: paths.map((path) => createFileDiscovery(path)) }
}

const named = (...texts: string[]) => texts.map(parseBackend)

describe('a union of discoveries', { timeout: 30_000 }, () => {
  it('tells of all that is found at the start as one change, and then of each', async (t) => {
    const { paths, discoveries } = await files(t, 'a\n', 'b\n')
    const observed = await observe(t, createUnion(named('n:1'), discoveries))
    assert.deepEqual(observed.found, [['n:1', 'a:80', 'b:80']])
    await writeFile(paths[0]!, 'c\n')
    await observed.untilFound('n:1', 'c:80', 'b:80')
    assert.equal(observed.found.length, 2)
  })

  it('counts an address the first time, and reports the second once', async (t) => {
    const { paths, discoveries } = await files(t, 'n:1 weight=9\na\n', 'a weight=9\nb\n')
    const observed = await observe(t, createUnion(named('n:1'), discoveries))
    assert.deepEqual(observed.found, [['n:1', 'a:80', 'b:80']])
    assert.deepEqual(
      observed.specs[0]!.map(({ weight }) => weight),
      [1, 1, 1],
    )
    const [first, second] = paths
    assert.deepEqual(observed.failed, [
      `backend n:1 of file ${first} is also one of those named: that one counts`,
      `backend a:80 of file ${second} is also one of file ${first}: that one counts`,
    ])
    await writeFile(first!, 'n:1\n')
    await observed.until(({ specs }) => specs.at(-1)?.[1]?.weight === 9)
    assert.deepEqual(observed.found.at(-1), ['n:1', 'a:80', 'b:80'])
    assert.equal(observed.failed.length, 2)
  })

  it('keeps the share of a source that fails, and those named when all do', async (t) => {
    const { paths, discoveries } = await files(t, 'a\n', undefined)
    const observed = await observe(t, createUnion(named('n:1'), discoveries))
    assert.deepEqual(observed.found, [['n:1', 'a:80']])
    assert.equal(observed.failed.length, 1)
    await rm(paths[0]!)
    await observed.until(({ failed }) => failed.length === 2)
    assert.equal(observed.found.length, 1)
  })

  it('tells nothing but the failures while there is nothing', async (t) => {
    const { paths, discoveries } = await files(t, undefined)
    const observed = await observe(t, createUnion([], discoveries))
    assert.deepEqual([observed.found.length, observed.failed.length], [0, 1])
    await writeFile(paths[0]!, 'a\n')
    await observed.untilFound('a:80')
  })

  it('does not wait for ever for a source that is silent, nor after its close', async (t) => {
    const silent = (): Discovery => ({
      name: 'silent',
      start: () => new Promise(() => {}),
      close() {},
    })
    const { discoveries } = await files(t, 'a\n')
    const union = createUnion([], [silent(), ...discoveries], { startTimeoutMs: 2_000 })
    assert.deepEqual((await observe(t, union)).found, [['a:80']])
    const closed = createUnion(named('n:1'), [silent()], { startTimeoutMs: 60_000 })
    const tell = (): never => assert.fail('told after the close')
    const observer: DiscoveryObserver = { found: tell, failed: tell }
    const started = closed.start(observer)
    closed.close()
    await started
  })

  it('refuses backends that are named twice', () => {
    const message = 'backend n:1 is named twice'
    assert.throws(() => createUnion(named('n:1', 'n:1'), []), { code: 'ADDRESS', message })
  })
})
