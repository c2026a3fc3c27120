import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createDnsDiscovery } from '../../src/discovery/dns.ts'
import { dnsmasq, knot, type NameServer, needs } from './name-server.ts'
import { type Observed, observe } from './observed.ts'

/** Looks again soon, so that no test waits for a back-off. */
const soon = { retryMs: 100, timeoutMs: 1_000, ttlLeastMs: 100 }

function ask(t: TestContext, { address }: { address: string }, name: string): Promise<Observed> {
  const source = { kind: 'dns', name, port: 80, server: address } as const
  return observe(t, createDnsDiscovery(source, soon))
}

function askService(t: TestContext, { address }: NameServer, name: string): Promise<Observed> {
  return observe(t, createDnsDiscovery({ kind: 'srv', name, server: address }, soon))
}

const weightsOf = ({ specs }: Observed): (number | undefined)[] =>
  specs.at(-1)!.map(({ weight }) => weight)

describe('DNS discovery with knot', { timeout: 60_000, ...needs('knotd') }, () => {
  it('finds all addresses of a name, IPv4 first', async (t) => {
    const server = await knot(t, ['api A 10.0.0.2', 'api A 10.0.0.1', 'api AAAA fd00::1'])
    for (const name of ['api.example', 'API.example.']) {
      const { found, failed } = await ask(t, server, name)
      assert.deepEqual([found, failed], [[['10.0.0.1:80', '10.0.0.2:80', '[fd00::1]:80']], []])
    }
  })

  it('asks again when the time to live is over', async (t) => {
    const server = await knot(t, ['api A 10.0.0.1'], 1)
    const observed = await ask(t, server, 'api.example')
    for (const last of [2, 3]) {
      server.serve([`api A 10.0.0.${last}`, 'api AAAA fd00::1'])
      await observed.untilFound(`10.0.0.${last}:80`, '[fd00::1]:80')
    }
    assert.equal(observed.found.length, 3)
    assert.deepEqual(observed.failed, [])
  })

  it('keeps what was found while the server is dead, and follows it when it is back', async (t) => {
    const server = await knot(t, ['api A 10.0.0.1'])
    const observed = await ask(t, server, 'api.example')
    await server.kill()
    await observed.until(({ failed }) => failed.length > 0)
    await server.revive()
    server.serve(['api A 10.0.0.2'])
    await observed.untilFound('10.0.0.2:80')
    assert.deepEqual(observed.found, [['10.0.0.1:80'], ['10.0.0.2:80']])
    const who = `cannot find the backends of dns api.example:80: name server ${server.address}`
    assert.equal(observed.failed[0], `${who} cannot be reached: ECONNREFUSED`)
    assert.equal(observed.errors[0]?.code, 'DISCOVERY')
  })

  it('keeps what was found when the name has no address any more, or is gone', async (t) => {
    const server = await knot(t, ['api A 10.0.0.1'])
    const observed = await ask(t, server, 'api.example')
    server.serve(['api TXT empty'])
    await observed.until(({ failed }) => failed.length === 1)
    server.serve([])
    await observed.until(({ failed }) => failed.length === 2)
    server.serve(['api A 10.0.0.2'])
    await observed.untilFound('10.0.0.2:80')
    assert.deepEqual(observed.found, [['10.0.0.1:80'], ['10.0.0.2:80']])
    assert.match(observed.failed[0]!, /: 'api\.example' has no address$/)
    assert.match(observed.failed[1]!, /: there is no name 'api\.example'$/)
  })

  it('ends its start without backends when there are none yet', async (t) => {
    const server = await knot(t, [])
    const observed = await ask(t, server, 'api.example')
    assert.deepEqual([observed.found.length, observed.failed.length], [0, 1])
    const refused = await ask(t, server, 'api.elsewhere')
    assert.match(refused.failed[0]!, /answered REFUSED$/)
    server.serve(['api A 10.0.0.1'])
    await observed.untilFound('10.0.0.1:80')
  })

  it('gets by TCP what is too long for a datagram', async (t) => {
    const addresses = Array.from({ length: 150 }, (_, i) => `10.0.${100 + i}.1`)
    const server = await knot(
      t,
      addresses.map((address) => `api A ${address}`),
    )
    const { found } = await ask(t, server, 'api.example')
    assert.deepEqual(found, [addresses.map((address) => `${address}:80`)])
  })

  it('follows aliases', async (t) => {
    const records = [
      'api CNAME b',
      'b CNAME c',
      'c A 10.0.0.1',
      'loop CNAME loop2',
      'loop2 CNAME loop',
    ]
    const server = await knot(t, records)
    assert.deepEqual((await ask(t, server, 'api.example')).found, [['10.0.0.1:80']])
    assert.match((await ask(t, server, 'loop.example')).failed[0]!, /has no address$|SERVFAIL$/)
  })

  it('finds the services of the lowest priority, with their ports and weights', async (t) => {
    const server = await knot(t, [
      '_http._tcp SRV 10 3 8001 a',
      '_http._tcp SRV 10 1 8002 b',
      '_http._tcp SRV 10 0 8003 b',
      '_http._tcp SRV 20 9 8004 c',
      ...['a A 10.0.0.1', 'a AAAA fd00::1', 'b A 10.0.0.2', 'c A 10.0.0.3'],
    ])
    const observed = await askService(t, server, '_http._tcp.example')
    const ids = ['10.0.0.1:8001', '[fd00::1]:8001', '10.0.0.2:8002', '10.0.0.2:8003']
    assert.deepEqual([observed.found, observed.failed], [[ids], []])
    assert.deepEqual(weightsOf(observed), [1.5, 1.5, 1, 0.1])
    server.serve(['_http._tcp SRV 20 0 8004 c', '_http._tcp SRV 20 0 8005 c', 'c A 10.0.0.3'])
    await observed.untilFound('10.0.0.3:8004', '10.0.0.3:8005')
    assert.deepEqual(weightsOf(observed), [1, 1])
  })

  it('asks for targets that come without addresses, and does without one that has none', async (t) => {
    const targets = Array.from({ length: 60 }, (_, i) => `target-${100 + i}`)
    const services = targets.map((target, i) => `_http._tcp SRV 1 1 ${8_000 + i} ${target}`)
    // An alias is no target by the rules, so no server sends its addresses with it.
    const addresses = targets.map((target, i) => `${target} ${i % 2 ? 'A 10.0.0.1' : 'CNAME x'}`)
    const records = [...services, ...addresses.slice(1), 'x A 10.0.0.2']
    const server = await knot(t, records)
    const { found, failed } = await askService(t, server, '_http._tcp.example')
    const wanted = targets.map((_, i) => `10.0.0.${i % 2 ? 1 : 2}:${8_000 + i}`)
    assert.deepEqual(found, [wanted.slice(1)])
    assert.match(failed[0]!, /there is no name 'target-100.example'$/)
  })

  it('believes a service that says that there is none, and keeps what was found', async (t) => {
    const server = await knot(t, ['_http._tcp SRV 0 0 80 a', 'a A 10.0.0.1'])
    const observed = await askService(t, server, '_http._tcp.example')
    server.serve(['_http._tcp SRV 0 0 0 .'])
    await observed.until(({ failed }) => failed.length > 0)
    assert.deepEqual(observed.found, [['10.0.0.1:80']])
    assert.match(observed.failed[0]!, /srv _http\._tcp\.example: it says that there is none$/)
  })
})

describe('DNS discovery with dnsmasq', { timeout: 60_000, ...needs('dnsmasq') }, () => {
  it('follows a file of hosts', async (t) => {
    const server = await dnsmasq(t, '10.0.0.1 api.example\n10.0.0.2 api.example\n')
    const observed = await ask(t, server, 'api.example')
    assert.deepEqual(observed.found, [['10.0.0.1:80', '10.0.0.2:80']])
    await server.serve('10.0.0.2 api.example\nfd00::1 api.example\n')
    await observed.untilFound('10.0.0.2:80', '[fd00::1]:80')
    assert.deepEqual(observed.failed, [])
  })

  it('finds services', async (t) => {
    const service = '--srv-host=_http._tcp.example,a.example,8001,5,7'
    const server = await dnsmasq(t, '10.0.0.1 a.example\n', service)
    const source = { kind: 'srv', name: '_http._tcp.example', server: server.address } as const
    const observed = await observe(t, createDnsDiscovery(source, soon))
    assert.deepEqual(observed.found, [['10.0.0.1:8001']])
    assert.deepEqual(weightsOf(observed), [7])
  })
})

describe('DNS discovery of what needs no server', () => {
  it('takes IP addresses and localhost as they are', async (t) => {
    const samples = { '10.0.0.1': '10.0.0.1:80', '::1': '[::1]:80', '[::1]': '[::1]:80' }
    for (const [name, id] of Object.entries({ ...samples, 'LOCALHOST.': 'localhost:80' })) {
      const { found } = await ask(t, { address: '127.0.0.1:1' }, name)
      assert.deepEqual(found, [[id]])
    }
  })

  it('refuses names and servers that cannot be', () => {
    const make = (name: string, server?: string) => () =>
      createDnsDiscovery({ kind: 'dns', name, port: 80, ...(server && { server }) })
    assert.throws(make('a..b'), { code: 'ADDRESS', message: /'a\.\.b' has an empty label/ })
    assert.throws(make('a', 'ns.example'), { code: 'ADDRESS', message: /write IP or IP:PORT/ })
  })
})
