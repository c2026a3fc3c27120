import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Pool } from '../../src/pool/pool.ts'
import { type Affinity, createAffinity } from '../../src/proxy/affinity.ts'
import { asked, poolOf } from './asked.ts'

const secret = 'of the house'
const ids = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3']

function cookies(pool: Pool = poolOf(1, 2, 3), given = secret): Affinity {
  return createAffinity({ kind: 'cookie', name: 'piloti', secret: given }, pool)
}

function valueOf(affinity: Affinity, id: string): string {
  return /piloti=([^;]*)/.exec(String(affinity.cookieLine!(id)))![1]!
}

/** Whom a request with these Cookie lines belongs to. */
function owner(affinity: Affinity, ...lines: string[]): string | undefined {
  return affinity.backendId!(...asked({ fields: lines.map((line) => `Cookie: ${line}`) }))
}

const specs = (...ports: number[]): { address: { host: string; port: number } }[] =>
  ports.map((port) => ({ address: { host: '127.0.0.1', port } }))

describe('the cookie of a backend', () => {
  it('is a line for the whole site that scripts and other sites cannot use', () => {
    const line = String(cookies().cookieLine!(ids[0]!))
    assert.match(line, /^Set-Cookie: piloti=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax\r\n$/)
  })

  it('brings its client back, also to a process that has not given it', () => {
    for (const id of ids) {
      const value = valueOf(cookies(), id)
      assert.equal(owner(cookies(), `piloti=${value}`), id)
      assert.equal(owner(cookies(poolOf(9, 3, 2, 1)), `piloti=${value}`), id)
      assert.ok(!value.includes(Buffer.from(id).toString('base64url').slice(0, 4)))
    }
  })

  it('is found among others, in several lines, quoted, and without spaces', () => {
    const affinity = cookies()
    const value = valueOf(affinity, ids[1]!)
    for (const lines of [
      [`piloti=${value}`],
      [`a=b; piloti=${value}; c=d`],
      [`a=b;piloti=${value};c=d`],
      [`piloti="${value}"`],
      [`piloti=${value} ; a`],
      [`;;; \t piloti=${value}`],
      ['a=b', `piloti=${value}`],
      [`piloti=old; piloti=${value}`],
      ['piloti=', `x=piloti=${value}`, `piloti=${value}`],
      [`mypiloti=${valueOf(affinity, ids[0]!)}; piloti=${value}`],
    ]) {
      assert.equal(owner(affinity, ...lines), ids[1], lines.join(' | '))
    }
  })

  it('is nothing when it is made up, changed, or of another secret or name', () => {
    const affinity = cookies()
    const value = valueOf(affinity, ids[0]!)
    const flipped = `${value[0] === 'A' ? 'B' : 'A'}${value.slice(1)}`
    const foreign = valueOf(cookies(poolOf(1), 'of another house'), ids[0]!)
    for (const line of [
      '',
      'piloti',
      'piloti=',
      'piloti=""',
      `piloti="${value}`,
      `piloti=${value}"`,
      `piloti=${value}x`,
      `piloti=${value} x`,
      `piloti=x${value}`,
      `piloti=${value.slice(1)}`,
      `piloti=${flipped}`,
      `piloti=${value.toLowerCase()}!`,
      `piloti=${foreign}`,
      `piloti=${ids[0]}`,
      'piloti=__proto__',
      `Piloti=${value}`,
      `a="; piloti"=${value}`,
      `piloti =${value}`,
    ]) {
      assert.equal(owner(affinity, line), undefined, line)
    }
    const anything = fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 60 }), (text) => {
      assert.equal(owner(affinity, `piloti=${text}`), undefined)
    })
    fc.assert(anything)
  })

  it('takes no longer for a hostile head', () => {
    const affinity = cookies()
    const hostile = `piloti=${'A'.repeat(22)};`.repeat(500)
    assert.equal(owner(affinity, hostile), undefined)
    assert.equal(owner(affinity, `${'piloti='.repeat(2_000)}`), undefined)
    assert.equal(owner(affinity, `${' '.repeat(7_000)}piloti=${' '.repeat(7_000)}`), undefined)
  })

  it('differs with the secret, and is drawn anew at each start without one', () => {
    const random = (): Affinity => createAffinity({ kind: 'cookie', name: 'piloti' }, poolOf(1))
    assert.notEqual(valueOf(random(), ids[0]!), valueOf(random(), ids[0]!))
    const one = random()
    assert.equal(owner(one, `piloti=${valueOf(one, ids[0]!)}`), ids[0])
  })

  it('survives new weights, a new order, and that its backend goes and comes back', () => {
    const pool = poolOf(1, 2, 3)
    const affinity = cookies(pool)
    const values = ids.map((id) => valueOf(affinity, id))
    const owners = (): (string | undefined)[] => values.map((v) => owner(affinity, `piloti=${v}`))
    pool.update(specs(3, 1, 2).map((spec, i) => ({ ...spec, weight: i + 1 })))
    assert.deepEqual(owners(), ids)
    pool.update(specs(3, 1))
    assert.equal(owner(cookies(pool), `piloti=${values[1]}`), undefined)
    pool.update(specs(1, 2, 3, 4))
    assert.deepEqual(owners(), ids)
    const value = valueOf(cookies(), '127.0.0.1:4')
    assert.equal(owner(affinity, `piloti=${value}`), '127.0.0.1:4')
  })

  it('keeps no more values than there are backends, twice over', () => {
    const pool = poolOf(1)
    const affinity = cookies(pool)
    for (let port = 1; port <= 2_000; port++) {
      pool.update(specs(port))
      affinity.cookieLine!(`127.0.0.1:${port}`)
    }
    const value = valueOf(affinity, '127.0.0.1:2000')
    assert.equal(owner(affinity, `piloti=${value}`), '127.0.0.1:2000')
    assert.equal(owner(affinity, `piloti=${valueOf(cookies(), ids[0]!)}`), undefined)
  })

  it('has a name that a cookie can have, and a secret that is one', () => {
    for (const spec of [
      { name: '' },
      { name: 'a=b' },
      { name: 'a;b' },
      { name: 'a', secret: '' },
    ]) {
      assert.throws(() => createAffinity({ kind: 'cookie', ...spec }, poolOf()), RangeError)
    }
  })
})
