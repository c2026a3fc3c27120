import assert from 'node:assert/strict'
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { BackendEdit } from '../../src/balancer.ts'
import { editConfig, loadConfig } from '../../src/config.ts'

function written(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'piloti-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'piloti.yaml')
  writeFileSync(file, text)
  return file
}

const at = '127.0.0.1:5001'
const edit = (what: BackendEdit['what'], more: Partial<BackendEdit> = {}): BackendEdit => ({
  ...{ what, pool: 'default', backend: at },
  ...more,
})

const plain = `# all of it
backends:
  # the old one
  - 127.0.0.1:5000 # stays
  - ':5001;weight=3' # goes

strategy: random # why not
`

describe('a change written into the file', { timeout: 30_000 }, () => {
  const cases: readonly (readonly [string, BackendEdit, from: string, to: string])[] = [
    [
      'adds',
      edit('add', { backend: '[::1]:80', weight: 2 }),
      '# goes\n',
      '# goes\n  - "[::1]:80;weight=2"\n',
    ],
    ['removes', edit('remove'), "  - ':5001;weight=3' # goes\n", ''],
    ['weighs', edit('set', { weight: 1 }), ":5001;weight=3'", ":5001'"],
    ['drains', edit('set', { isDraining: true }), 'weight=3', 'weight=3;drain'],
  ]
  for (const [does, wanted, from, to] of cases) {
    it(`${does}, and leaves the rest as it was`, async (t) => {
      const file = written(t, plain)
      chmodSync(file, 0o640)
      await editConfig(file, wanted)
      assert.equal(readFileSync(file, 'utf8'), plain.replace(from, to))
      assert.equal(statSync(file).mode & 0o777, 0o640)
      assert.deepEqual(readdirSync(join(file, '..')), ['piloti.yaml'])
    })
  }

  it('finds the pool that is meant, in each form of it', async (t) => {
    const text = `pools:
  web: [127.0.0.1:5000, 127.0.0.1:5001]
  api:
    backends:
      - address: 127.0.0.1:5001
        drain: true
routes: [{ path: /api, pool: api }, { pool: web }]
`
    const file = written(t, text)
    await editConfig(file, edit('set', { pool: 'web', weight: 0.5 }))
    await editConfig(file, edit('set', { pool: 'api', isDraining: false, weight: 4 }))
    const { spec } = await loadConfig(file)
    const weights = spec.pools.map(({ backends }) => backends.map(({ weight }) => weight))
    assert.deepEqual(weights, [[1, 0.5], [4]])
    assert.equal(spec.pools[1]!.backends[0]!.isDraining, undefined)
  })

  const refused: readonly (readonly [string, string, BackendEdit, RegExp])[] = [
    ['an anchor', 'backends: &b [:5001]\n', edit('remove'), /is used elsewhere/],
    ['no list', 'discover: { dns: a.test, port: 80 }\n', edit('add'), /no plain list/],
    ['another pool', plain, edit('remove', { pool: 'x' }), /it has no pool x/],
    ['no such backend', plain, edit('remove', { backend: 'a:1' }), /a:1 is not in its list/],
    ['one that it has', plain, edit('add'), /it has backend 127\.0\.0\.1:5001/],
    ['the last backend', 'backends: [:5001]\n', edit('remove'), /backends/],
  ]
  for (const [what, text, wanted, says] of refused) {
    it(`is refused, with the file as it was: ${what}`, async (t) => {
      const file = written(t, text)
      await assert.rejects(editConfig(file, wanted), (error: Error & { code: string }) => {
        assert.match(error.message, says)
        return error.code === 'CONFIG'
      })
      assert.equal(readFileSync(file, 'utf8'), text)
      assert.deepEqual(readdirSync(join(file, '..')), ['piloti.yaml'])
    })
  }

  it('is refused for a link, and for standard input', async (t) => {
    const file = written(t, plain)
    symlinkSync(file, `${file}.link`)
    await assert.rejects(editConfig(`${file}.link`, edit('remove')), /it is a link/)
    await assert.rejects(editConfig('-', edit('remove')), /standard input/)
  })
})
