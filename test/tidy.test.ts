import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { errorKinds } from '../src/base/errors.ts'
import { strategies } from '../src/strategies/index.ts'
import { codeOf, repository } from './tidy/files.ts'
import { importRules, importsOf } from './tidy/imports.ts'
import { linksOf, longFunctions, textRules } from './tidy/texts.ts'

const files = repository(fileURLToPath(new URL('..', import.meta.url)))

describe('the house is tidy', () => {
  for (const { sentence, find, broken, blamed } of [...importRules, ...textRules]) {
    it(sentence, () => {
      const { looked, complaints } = find(files)
      assert.ok(looked > 0, 'it looked at nothing')
      assert.deepEqual(complaints, [])
    })

    it(`notices that not: ${sentence}`, () => {
      const { complaints } = find(broken)
      assert.deepEqual([...new Set(complaints.map((text) => text.split(': ')[0]))], blamed)
    })
  }
})

describe('the manual is complete', () => {
  const headings = (page: string): string[] => {
    const text = files.find(({ path }) => path === page)?.text ?? ''
    return [...text.matchAll(/^#{2,4} `([^`]+)`/gm)].map(([, name]) => name!)
  }

  it('has every error, and no other', () => {
    assert.deepEqual(headings('docs/reference/errors.md'), Object.keys(errorKinds))
  })

  it('tells of every error whose doing it is, its status, and whether another backend is tried', () => {
    const { text } = files.find(({ path }) => path === 'docs/reference/errors.md')!
    for (const [code, { side, status, retry }] of Object.entries(errorKinds)) {
      const section = text.split(`\`${code}\`\n`)[1]?.split('\n#')[0] ?? ''
      const facts = `${side} · ${status === 0 ? 'no status' : status} · ${retry ? 'retried' : 'not retried'}`
      assert.ok(section.includes(facts), `${code}: ${facts}`)
    }
  })

  it('has every strategy, and no other', () => {
    assert.deepEqual(headings('docs/reference/strategies.md'), Object.keys(strategies))
  })
})

describe('the tools of these checks', () => {
  it('see every import, and nothing else', () => {
    const text = `
      import a from './a.ts'
      import type { B,
        C } from "./b.ts"
      import './c.ts'
      import * as d from 'node:d'
      export { e } from './e.ts'
      export * from './f.ts'
      export type { G } from './g.ts'
      const h = await import('./h.ts')
      type I = import('./i.ts').I
      // import './comment.ts'
      /* import './comment.ts' */
      export const from = './text.ts'
      export function j(from = './text.ts') {}
      const k = "import './text.ts'"`
    const wanted = ['./a.ts', './b.ts', './c.ts', 'node:d', './e.ts', './f.ts', './g.ts', './h.ts']
    assert.deepEqual(importsOf(text), [...wanted, './i.ts'])
  })

  it('tell code from comments and texts', () => {
    const code = codeOf('a // b\n/* c\n*/ d \'e\' "f\\"g" h')
    assert.deepEqual(code.match(/\w/g), ['a', 'd', 'h'])
    assert.equal(code.split('\n').length, 3)
  })

  it('find links, and long functions', () => {
    assert.deepEqual(linksOf('[a](b.md#c) ![d](e.png "f") [g](http://h) [i](#j)'), [
      'b.md',
      'e.png',
    ])
    assert.equal(longFunctions('const a = (): void => {\n  b()\n}\n', 2).length, 1)
    assert.equal(longFunctions('if (a(b)) {\n  b()\n}\n', 2).length, 0)
  })
})
