import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { parseBackend } from '../../src/discovery/static.ts'

it('reads an address and its options, in any order', () => {
  const address = { host: 'h', port: 1 }
  const samples = {
    'h:1': { address, weight: 1 },
    'h:1;weight=3': { address, weight: 3 },
    'h:1;weight=0.5;max=100': { address, weight: 0.5, maxConnections: 100 },
    'h:1;drain;max=0;weight=2': { address, weight: 2, maxConnections: 0, isDraining: true },
    '[::1]:80': { address: { host: '::1', port: 80 }, weight: 1 },
    '[fe80::1%eth0]:80': { address: { host: 'fe80::1%eth0', port: 80 }, weight: 1 },
    'bücher.example.:80': { address: { host: 'bücher.example.', port: 80 }, weight: 1 },
    '_a.b-c:80': { address: { host: '_a.b-c', port: 80 }, weight: 1 },
    'unix:run/a b.sock;drain': { address: { path: 'run/a b.sock' }, weight: 1, isDraining: true },
  }
  for (const [text, spec] of Object.entries(samples)) {
    assert.deepEqual(parseBackend(text), spec, text)
  }
})

it('refuses what cannot be, and says what can', () => {
  const samples: Record<string, RegExp> = {
    'h:0': /'h:0' has port 0: nobody can connect to that/,
    'a b:1': /'a b:1' names no host: 'a b' has ' '/,
    'a\n:1': /'a\\u\{a\}:1' is not an address/,
    'a..b:1': /'a..b' has an empty label/,
    '.a:1': /'.a' has an empty label/,
    '10.0.0.256:1': /'10.0.0.256' is no IPv4 address/,
    '10.0.1:1': /'10.0.1' is no IPv4 address/,
    '[::x]:1': /'::x' is no IPv6 address/,
    [`${'a'.repeat(64)}:1`]: /has a label of more than 63 characters/,
    ['a'.repeat(301)]: /'a{80}…' is not an address/,
    [`${'a.'.repeat(127)}a:1`]: /has more than 253 characters/,
    'h:1;weight=0': /has option 'weight=0': write ;weight=N, N from 0.000001 to 1000000/,
    'h:1;weight=1e3': /write ;weight=N/,
    [`h:1;weight=${'9'.repeat(400)}`]: /write ;weight=N/,
    'h:1;weight': /write ;weight=N/,
    'h:1;max=1.5': /write ;max=N/,
    'h:1;max=-1': /write ;max=N/,
    'h:1;drain=no': /has option 'drain=no': write ;drain/,
    'h:1;wieght=3': /has option 'wieght=3': write ;weight=N/,
    'h:1;constructor': /write ;weight=N, ;max=N or ;drain/,
    'h:1;': /has option '': write/,
    'h:1;drain;drain': /'h:1;drain;drain' has option 'drain', which it has before/,
    'h:1;weight=1;weight=2': /has option 'weight=2', which it has before/,
  }
  for (const [text, message] of Object.entries(samples)) {
    assert.throws(() => parseBackend(text), { code: 'ADDRESS', message }, text)
  }
})

it('takes any text without an error of another kind, or one that spoils a line of the log', () => {
  const any = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `h:1;${text}`),
  )
  const property = fc.property(any, (text) => {
    try {
      parseBackend(text)
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      assert.equal(code, 'ADDRESS')
      assert.doesNotMatch(message, /\p{Cc}/u)
    }
  })
  fc.assert(property, { numRuns: 2_000 })
})
