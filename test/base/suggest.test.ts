import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { suggest } from '../../src/base/suggest.ts'

const known = ['round-robin', 'least-connections', 'proxy', 'up']

it('suggests the nearest known word', () => {
  assert.equal(suggest('round-robbin', known), 'round-robin')
  assert.equal(suggest('LeastConnections', known), 'least-connections')
  assert.equal(suggest('porxy', known), 'proxy')
  assert.equal(suggest('proxies', ['proxys', 'proxied']), 'proxied')
})

it('suggests nothing when no word is near', () => {
  assert.equal(suggest('kubernetes', known), undefined)
  assert.equal(suggest('round-robin', []), undefined)
  assert.equal(suggest('', known.slice(0, 3)), undefined)
})

it('suggests a known word itself, and only known ones', () => {
  for (const word of known) assert.equal(suggest(word, known), word)
  const property = fc.property(fc.string(), (word) => {
    const suggestion = suggest(word, known)
    assert.ok(suggestion === undefined || known.includes(suggestion))
  })
  fc.assert(property)
})
