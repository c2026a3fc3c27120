import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type AffinitySpec, createAffinity } from '../../src/proxy/affinity.ts'
import { networkOf } from '../../src/proxy/affinity-keys.ts'
import { asked, poolOf, type Question } from './asked.ts'

const client = '192.0.2.7'

function keyOf(spec: AffinitySpec, question: Question, address = client): string {
  return createAffinity(spec, poolOf(1)).key(...asked(question), address)
}

describe('affinity by client', () => {
  it('goes by the IPv4 address, and by the /64 network of an IPv6 address', () => {
    const key = (address: string): string => keyOf({ kind: 'client' }, {}, address)
    assert.equal(key('192.0.2.7'), '192.0.2.7')
    assert.equal(key('::ffff:192.0.2.7'), '192.0.2.7')
    assert.equal(key('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
    assert.equal(key('2001:db8:1:2::6'), '2001:db8:1:2::/64')
    assert.equal(key('2001:db8::6'), '2001:db8:0:0::/64')
    assert.equal(key('fe80::1%eth0'), 'fe80:0:0:0::/64')
    assert.equal(key('::1'), '0:0:0:0::/64')
    assert.equal(key('::'), '0:0:0:0::/64')
    assert.equal(key(''), '')
  })

  it('gives all addresses of a network one key, and two networks two', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    const address = fc.array(group, { minLength: 8, maxLength: 8 })
    const text = (groups: readonly number[]): string => {
      const all = groups.map((g) => g.toString(16)).join(':')
      // As the system writes it: the URL standard shortens the same way.
      return new URL(`http://[${all}]`).hostname.slice(1, -1)
    }
    const sparse = address.map((groups) => groups.map((g) => (g % 3 === 0 ? g : 0)))
    fc.assert(
      fc.property(fc.oneof(address, sparse), address, (a, b) => {
        const same = [...a.slice(0, 4), ...b.slice(4)]
        assert.equal(networkOf(text(a)), networkOf(text(same)))
        const other = [a[0]! ^ 1, ...a.slice(1)]
        assert.notEqual(networkOf(text(a)), networkOf(text(other)))
      }),
    )
  })
})

describe('affinity by URL', () => {
  it('goes by path and query as they stand', () => {
    const key = (target: string): string => keyOf({ kind: 'url' }, { target })
    assert.equal(key('/a/%62?c=%64&e'), '/a/%62?c=%64&e')
    assert.equal(key('http://h.test/a?b'), key('/a?b'))
    assert.equal(key('http://h.test?b'), key('/?b'))
    assert.equal(key('http://h.test'), key('/'))
  })
})

describe('affinity by header', () => {
  it('goes by the value of the first such line, and is empty without one', () => {
    const key = (...fields: string[]): string =>
      keyOf({ kind: 'header', name: 'X-User' }, { fields })
    assert.equal(key('x-user:  Ann ', 'X-User: Bob'), 'Ann')
    assert.equal(key('X-User:'), '')
    assert.equal(key('X-Users: Ann'), '')
    assert.equal(keyOf({ kind: 'header', name: 'cookie' }, { fields: ['Cookie: a=b'] }), 'a=b')
  })

  it('refuses what is no name', () => {
    for (const name of ['', 'a b', 'a:']) {
      const spec = { kind: 'header', name } as const
      assert.throws(() => createAffinity(spec, poolOf()), RangeError)
    }
  })
})

describe('affinity by query', () => {
  it('goes by the decoded value of the first such parameter, and is empty without one', () => {
    const key = (target: string): string => keyOf({ kind: 'query', name: 'user' }, { target })
    for (const target of [
      '/?user=Ann+B',
      '/x?user=Ann%20B&user=Bob',
      '/?a=b&&=&user=%41nn%20B#'.replace('#', ''),
      '/?us%65r=Ann+B',
      'http://h.test?user=Ann+B',
    ]) {
      assert.equal(key(target), 'Ann B', target)
    }
    for (const target of ['/', '/?', '/user=x', '/?users=x', '/?User=x', '/?a?user=x', '/?user']) {
      assert.equal(key(target), '', target)
    }
    assert.equal(key('/?user=%zz+'), '%zz+')
    assert.equal(key('/?user=a=b'), 'a=b')
  })

  it('takes no longer for a hostile query', () => {
    const target = `/?${'&'.repeat(4_000)}${'%41'.repeat(1_000)}`
    assert.equal(keyOf({ kind: 'query', name: 'user' }, { target }), '')
  })

  it('refuses an empty name', () => {
    assert.throws(() => createAffinity({ kind: 'query', name: '' }, poolOf()), RangeError)
  })
})
