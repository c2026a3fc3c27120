import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { formatAddress } from '../../src/base/address.ts'
import { parseBackendsFile } from '../../src/discovery/backends-file.ts'
import { parseBackend } from '../../src/discovery/static.ts'

const idsOf = (text: string): string[] => {
  const { specs, faults } = parseBackendsFile(text, 80)
  assert.deepEqual(faults, [])
  return specs.map(({ address }) => formatAddress(address))
}
const faultsOf = (text: string) => parseBackendsFile(text, 80).faults

describe('a file of backends', () => {
  it('has one host a line, with or without a port', () => {
    const text = 'a.example\nb:8080\n10.0.0.1\n::1\n[::2]\n[::3]:81\n:82\nunix:/run/a.sock\n'
    const hosts = ['a.example:80', 'b:8080', '10.0.0.1:80', '[::1]:80', '[::2]:80', '[::3]:81']
    assert.deepEqual(idsOf(text), [...hosts, '127.0.0.1:82', 'unix:/run/a.sock'])
  })

  it('may come from any editor', () => {
    const text = '\ufeffa\r\n\r\n  b  \r\n\tc\t# d\r# e\r#\ng.example:1'
    assert.deepEqual(idsOf(text), ['a:80', 'b:80', 'c:80', 'g.example:1'])
  })

  it('has options after blanks or semicolons', () => {
    const wanted = { ...parseBackend('h:1;weight=3;max=100;drain') }
    const lines = ['h:1 weight=3 max=100 drain', 'h:1;weight=3;max=100;drain']
    for (const line of [...lines, 'h:1 ;weight=3; max=100\t drain # the old one']) {
      assert.deepEqual(parseBackendsFile(line, 80), { specs: [wanted], faults: [] }, line)
    }
  })

  it('is told every line that is wrong, and why', () => {
    const faults = faultsOf('a\nb c\nd:99999\n\n80\nhttp://e/\nA:80\na weight=x\n')
    const told = faults.map(({ line, message }) => `${line}: ${message}`)
    const shapes = 'write HOST:PORT, :PORT, [IPV6]:PORT or unix:/PATH'
    assert.deepEqual(told, [
      "2: 'b c' has option 'c': write ;weight=N, ;max=N or ;drain",
      "3: 'd:99999' has port 99999: a port is 0 to 65535",
      `5: '80' is not an address: ${shapes}`,
      `6: 'http://e/' is not an address: ${shapes}`,
      "7: 'A:80' is the backend of line 1 again",
      "8: 'a weight=x' has option 'weight=x': write ;weight=N, N from 0.000001 to 1000000",
    ])
  })

  it('has at most 10000 backends', () => {
    const text = Array.from({ length: 10_005 }, (_, i) => `h${i}\n`).join('')
    assert.deepEqual(faultsOf(text), [
      { line: 10_001, message: 'this is more than 10000 backends' },
    ])
    assert.deepEqual(faultsOf(text.split('\n').slice(0, 10_000).join('\n')), [])
  })

  it('gives back what was written to it, whatever the form', () => {
    const blank = fc.constantFrom(' ', '\t', '  ', ';', ' ; ')
    const entry = fc.record({
      host: fc.oneof(fc.ipV4(), fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)),
      port: fc.option(fc.integer({ min: 1, max: 65_535 })),
      weight: fc.option(fc.integer({ min: 1, max: 99 })),
      isDraining: fc.boolean(),
      blank,
      ending: fc.constantFrom('\n', '\r\n', ' \n', ' # why\n', '\n\n#a\n'),
    })
    const key = (e: { host: string; port: number | null }): string => `${e.host}:${e.port ?? 80}`
    const entries = fc.uniqueArray(entry, { selector: key })
    const property = fc.property(entries, fc.boolean(), (entries, hasMark) => {
      const lines = entries.map((e) => {
        const address = e.port === null ? e.host : `${e.host}:${e.port}`
        const weight = e.weight === null ? '' : `${e.blank}weight=${e.weight}`
        return `${address}${weight}${e.isDraining ? `${e.blank}drain` : ''}${e.ending}`
      })
      const { specs, faults } = parseBackendsFile((hasMark ? '\ufeff' : '') + lines.join(''), 80)
      assert.deepEqual(faults, [])
      const told = specs.map((spec) => [formatAddress(spec.address), spec.weight, spec.isDraining])
      const wanted = entries.map((e) => [key(e), e.weight ?? 1, e.isDraining || undefined])
      assert.deepEqual(told, wanted)
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('throws at no text', () => {
    const property = fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { specs, faults } = parseBackendsFile(text, 80)
      assert.ok(specs.length + faults.length <= text.length)
    })
    fc.assert(property, { numRuns: 2_000 })
  })
})
