import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { errorKinds } from '../../src/base/errors.ts'
import { httpDefaults } from '../../src/proxy/http-options.ts'

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
const manual = read('docs/reference/http.md')

/** The rows of the table under a heading, as cells. */
function table(heading: string): string[][] {
  const [, rest = ''] = manual.split(`\n## ${heading}\n`)
  const lines = rest.split('\n## ')[0]!.split('\n')
  const rows = lines.filter((line) => line.startsWith('|')).slice(2)
  return rows.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

/** The numbers in the names of tests, `row NN: …`, by file. */
function named(what: 'row' | 'bug'): Map<string, Set<number>> {
  const folder = fileURLToPath(new URL('.', import.meta.url))
  const found = new Map<string, Set<number>>()
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.test.ts'))) {
    const text = read(`test/proxy/${file}`)
    const names = new RegExp(`(?:it\\(\\s*['\`]${what} |^ +\\[)(\\d+)(?::|, ')`, 'gm')
    found.set(file, new Set([...text.matchAll(names)].map(([, number]) => Number(number))))
  }
  return found
}

describe('the manual of mode http', () => {
  it('has every row of the checklist, and each test it names', () => {
    const tests = named('row')
    const rows = table('The checklist')
    assert.deepEqual(
      rows.map(([number]) => Number(number)),
      Array.from({ length: 85 }, (_, index) => index + 1),
    )
    for (const [number, , verdict, files] of rows) {
      assert.notEqual(verdict, '')
      for (const file of files!.split(', ').filter((name) => name !== '')) {
        const name = file.startsWith('`') ? file.slice(1, -1) : `http-rows-${file}.test.ts`
        const has = tests.get(name)?.has(Number(number)) ?? false
        assert.ok(has || name === 'http-retry.test.ts', `row ${number} in ${name}`)
      }
    }
  })

  it('has every bug, and each has its test', () => {
    const tests = new Set([...named('bug').values()].flatMap((numbers) => [...numbers]))
    const numbers = table('The 25 bugs').map(([number]) => Number(number))
    assert.deepEqual(
      numbers,
      Array.from({ length: 25 }, (_, index) => index + 1),
    )
    for (const number of numbers) assert.ok(tests.has(number), `bug ${number}`)
  })

  it('has every option, with its default', () => {
    const told = new Map<string, string>()
    for (const [names, defaults] of table('Options')) {
      const values = defaults!.split('; ')
      for (const [index, name] of names!.split(', ').entries()) {
        told.set(name.slice(1, -1), values[index]!.replaceAll(/[`,]/g, ''))
      }
    }
    assert.deepEqual([...told.keys()].sort(), Object.keys(httpDefaults).sort())
    for (const [name, value] of Object.entries(httpDefaults)) {
      if (name === 'pseudonym') continue
      assert.equal(told.get(name), String(value) || 'none', name)
    }
  })

  it('has the status of every answer of its own', () => {
    for (const [status, codes] of table('Own answers')) {
      for (const code of codes!.split(', ').filter((name) => name !== '')) {
        assert.equal(errorKinds[code as keyof typeof errorKinds]?.status, Number(status), code)
      }
    }
    const codes = Object.entries(errorKinds)
      .filter(([, { side, status }]) => status !== 0 && side !== 'operator')
      .map(([code]) => code)
      .filter((code) => !code.startsWith('ADMIN_'))
    for (const code of codes) assert.ok(manual.includes(code), code)
  })
})
