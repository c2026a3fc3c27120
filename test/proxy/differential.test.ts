/**
 * The same traffic through http-proxy and through piloti, byte by byte, and what their backends and
 * clients see of it. Every difference is one that we want: it has a name, and a reason in the manual.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { cases } from './differential/cases.ts'
import { compare } from './differential/compare.ts'
import { differences, usual } from './differential/differences.ts'
import { observe } from './differential/observe.ts'
import { HttpProxyPeer, piloti } from './differential/peers.ts'

const manual = new URL('../../docs/reference/differences.md', import.meta.url)

describe('http-proxy and piloti', () => {
  const httpProxy = new HttpProxyPeer()
  const seen = new Set<string>()
  after(() => httpProxy.close())

  for (const one of cases) {
    const { name, differs = [] } = one
    it(`${name}: ${differs.length === 0 ? 'nothing but the usual' : differs.join(', ')}`, async (t) => {
      const found = compare(await observe(t, one, httpProxy), await observe(t, one, piloti))
      const wanted = [...usual, ...differs]
      const lines = wanted.flatMap((difference) => differences[difference]!)
      const unlisted = found.filter((text) => !lines.some((line) => line.test(text)))
      assert.deepEqual(unlisted, [], 'a difference that is not listed')
      const occurs = (difference: string): boolean =>
        found.some((text) => differences[difference]![0].test(text))
      for (const difference of wanted.filter(occurs)) seen.add(difference)
      const gone = differs.filter((difference) => !occurs(difference))
      assert.deepEqual(gone, [], 'a listed difference that no longer occurs')
    })
  }

  it('differ in everything that is listed', () => {
    assert.deepEqual([...seen].sort(), Object.keys(differences).sort())
  })

  it('differ in what the manual says', () => {
    const rows = readFileSync(manual, 'utf8').matchAll(/^\| \*\*(.+?)\*\* \|/gm)
    assert.deepEqual(
      [...rows].map(([, name]) => name),
      Object.keys(differences),
    )
  })
})
