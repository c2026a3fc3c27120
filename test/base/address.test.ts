import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { type Address, formatAddress, parseAddress } from '../../src/base/address.ts'

const port = fc.nat(65_535)
const name = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,20}$/).filter((host) => host !== 'unix')
const address: fc.Arbitrary<Address> = fc.oneof(
  fc.record({ host: fc.oneof(name, fc.ipV4(), fc.ipV6()), port }, { noNullPrototype: true }),
  fc.record({ path: fc.string({ minLength: 1 }) }, { noNullPrototype: true }),
)

it('reads what it has written', () => {
  const property = fc.property(address, (address) => {
    assert.deepEqual(parseAddress(formatAddress(address)), address)
  })
  fc.assert(property, { numRuns: 1_000 })
})

it('reads each way to write an address', () => {
  const samples: Record<string, Address> = {
    'example.org:80': { host: 'example.org', port: 80 },
    ':8080': { host: '127.0.0.1', port: 8_080 },
    '[::1]:0': { host: '::1', port: 0 },
    '0.0.0.0:65535': { host: '0.0.0.0', port: 65_535 },
    'unix:/run/a b:80.sock': { path: '/run/a b:80.sock' },
  }
  for (const [text, address] of Object.entries(samples)) {
    assert.deepEqual(parseAddress(text), address, text)
  }
})

it('refuses what is no address, quoting it and telling what is', () => {
  const shapes = 'HOST:PORT, :PORT, [IPV6]:PORT or unix:/PATH'
  const refused = [
    '',
    '80',
    'host',
    'host:',
    'host:-1',
    'host:1.5',
    'host:123456',
    '::1:80',
    '[]:80',
  ]
  for (const text of [...refused, '[::1]', '[::1:80', 'http://host:80', 'host:80/', 'host:80 ']) {
    const message = `'${text}' is not an address: write ${shapes}`
    assert.throws(() => parseAddress(text), { code: 'ADDRESS', message })
  }
  const tooHigh = "'h:65536' has port 65536: a port is 0 to 65535"
  assert.throws(() => parseAddress('h:65536'), { code: 'ADDRESS', message: tooHigh })
  const noPath = "'unix:' names no path: write unix:/PATH"
  assert.throws(() => parseAddress('unix:'), { code: 'ADDRESS', message: noPath })
})

it('takes any text without an error of another kind', () => {
  const property = fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
    try {
      formatAddress(parseAddress(text))
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'ADDRESS')
    }
  })
  fc.assert(property, { numRuns: 1_000 })
})
