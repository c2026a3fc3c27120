import assert from 'node:assert/strict'
import { it } from 'node:test'
import fc from 'fast-check'
import { createDiscovery } from '../../src/discovery/create.ts'
import { describeSource, parseServer, parseSource } from '../../src/discovery/source.ts'

it('reads a source, and leaves backends alone', () => {
  const samples = {
    'dns:api.internal:80': { kind: 'dns', name: 'api.internal', port: 80 },
    'dns:API.internal.:80': { kind: 'dns', name: 'api.internal', port: 80 },
    'dns:[::1]:80': { kind: 'dns', name: '::1', port: 80 },
    'dns:bücher.example:80': { kind: 'dns', name: 'xn--bcher-kva.example', port: 80 },
    'srv:_http._tcp.api': { kind: 'srv', name: '_http._tcp.api' },
    'srv:a;server=10.0.0.1:5353': { kind: 'srv', name: 'a', server: '10.0.0.1:5353' },
    'dns:a:80;server=::1': { kind: 'dns', name: 'a', port: 80, server: '::1' },
    'dns:80': undefined,
    'srv:80;weight=3': undefined,
    'a:80': undefined,
    ':80': undefined,
    'unix:/dns:a': undefined,
  }
  for (const [text, source] of Object.entries(samples)) {
    assert.deepEqual(parseSource(text), source, text)
  }
})

it('refuses a source that cannot be, and says what can', () => {
  const samples: Record<string, RegExp> = {
    'dns:': /'dns:' names no port: write dns:NAME:PORT/,
    'dns:api': /'dns:api' names no port: write dns:NAME:PORT/,
    'dns::80': /'dns::80' names no host: '' is empty/,
    'dns:a:0': /has port 0: a port is 1 to 65535/,
    'dns:a:70000': /has port 70000/,
    'dns:a b:80': /'a b' has ' '/,
    'srv:': /names no host/,
    'srv:a..b': /'a\.\.b' has an empty label/,
    'srv:10.0.0.1': /'srv:10\.0\.0\.1' is no name of a service: write _SERVICE\._tcp\.NAME/,
    'srv:[::1]': /or HOST:PORT for a backend/,
    'dns:a:80;weight=3': /has an option it cannot have: write ;server=IP or ;server=IP:PORT/,
    'dns:a:80;server=ns': /'ns' is no name server: write IP or IP:PORT/,
    'dns:a:80;server=::1;server=::1': /and nothing else/,
  }
  for (const [text, message] of Object.entries(samples)) {
    assert.throws(() => parseSource(text), { code: 'ADDRESS', message }, text)
  }
})

it('takes any text without an error of another kind', () => {
  const property = fc.property(fc.constantFrom('dns:', 'srv:'), fc.string(), (kind, text) => {
    try {
      const source = parseSource(kind + text)
      if (source !== undefined) createDiscovery(source)
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'ADDRESS')
    }
  })
  fc.assert(property, { numRuns: 2_000 })
})

it('reads the address of a name server', () => {
  const samples = {
    '10.0.0.1': ['10.0.0.1', 53],
    '10.0.0.1:54': ['10.0.0.1', 54],
    '::1': ['::1', 53],
    '[::1]': ['::1', 53],
    '[fe80::1%eth0]:54': ['fe80::1%eth0', 54],
  }
  for (const [text, [host, port]] of Object.entries(samples)) {
    assert.deepEqual(parseServer(text), { host, port })
  }
  for (const text of ['', 'ns:53', ':53', '10.0.0.1:0', '10.0.0.1:70000', '[10.0.0.1]', '[]']) {
    assert.throws(() => parseServer(text), { code: 'ADDRESS' }, text)
  }
})

it('calls each source what its discovery is called', () => {
  const sources = {
    'file servers.txt': { kind: 'file', path: 'servers.txt' },
    'dns api.internal:80': { kind: 'dns', name: 'api.internal', port: 80 },
    'dns [::1]:80': { kind: 'dns', name: '::1', port: 80 },
    'srv _http._tcp.api': { kind: 'srv', name: '_http._tcp.api' },
  } as const
  for (const [name, source] of Object.entries(sources)) {
    assert.deepEqual([describeSource(source), createDiscovery(source).name], [name, name])
  }
})
