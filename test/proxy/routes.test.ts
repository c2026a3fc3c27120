import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Router } from '../../src/proxy/routes.ts'
import { asked, type Named, named, poolOf, type Question } from './asked.ts'

type Row = readonly [question: Question, to: string]

function check(routes: readonly Named[], rows: readonly Row[]): void {
  const all = named(routes)
  const router = new Router(all.routes)
  for (const [question, to] of rows) {
    assert.equal(all.nameOf(router, question), to, JSON.stringify(question))
  }
}

describe('a route by host', () => {
  it('fits the name in any casing, whatever the port, with or without its last dot', () => {
    check(
      [{ hosts: ['Example.org', 'other.test'], to: 'a' }],
      [
        [{ host: 'example.org' }, 'a'],
        [{ host: 'EXAMPLE.ORG:8080' }, 'a'],
        [{ host: 'example.org:' }, 'a'],
        [{ host: 'example.org.' }, 'a'],
        [{ host: 'example.org.:80' }, 'a'],
        [{ host: 'other.test' }, 'a'],
        [{ host: 'www.example.org' }, 'NO_ROUTE'],
        [{ host: 'example.org..' }, 'NO_ROUTE'],
        [{ host: 'example.orgs' }, 'NO_ROUTE'],
        [{ host: '' }, 'NO_ROUTE'],
      ],
    )
  })

  it('with a wildcard fits every deeper name, and not the name itself', () => {
    check(
      [{ hosts: ['*.example.org'], to: 'a' }],
      [
        [{ host: 'www.example.org' }, 'a'],
        [{ host: 'a.b.Example.org:1' }, 'a'],
        [{ host: 'example.org' }, 'NO_ROUTE'],
        [{ host: '.example.org' }, 'NO_ROUTE'],
        [{ host: 'badexample.org' }, 'NO_ROUTE'],
      ],
    )
  })

  it('fits an IPv6 address in every form', () => {
    check(
      [
        { hosts: ['::1'], to: 'a' },
        { hosts: ['[2001:DB8:0::7]'], to: 'b' },
      ],
      [
        [{ host: '[::1]' }, 'a'],
        [{ host: '[::1]:8080' }, 'a'],
        [{ host: '[0:0:0:0:0:0:0:1]:8080' }, 'a'],
        [{ host: '[2001:db8::0:7]' }, 'b'],
        [{ host: '[::2]' }, 'NO_ROUTE'],
        [{ host: '127.0.0.1' }, 'NO_ROUTE'],
      ],
    )
  })

  it('goes by the host of an absolute target', () => {
    check(
      [{ hosts: ['a.test'], path: '/x', to: 'a' }],
      [
        [{ target: 'http://a.test/x', host: 'a.test' }, 'a'],
        [{ target: 'http://A.test:80/x?y', host: 'a.test:80' }, 'a'],
        [{ target: 'http://a.test/x', host: '' }, 'a'],
        [{ target: 'http://a.test', host: 'a.test' }, 'NO_ROUTE'],
        [{ target: 'http://b.test/x', host: 'b.test' }, 'NO_ROUTE'],
      ],
    )
  })
})

describe('a route by path', () => {
  it('fits whole segments, and the query takes no part', () => {
    for (const path of ['/api', '/api/']) {
      check(
        [{ path, to: 'a' }],
        [
          [{ target: '/api' }, 'a'],
          [{ target: '/api/' }, 'a'],
          [{ target: '/api/x?y' }, 'a'],
          [{ target: '/api?x=/' }, 'a'],
          [{ target: '/apis' }, 'NO_ROUTE'],
          [{ target: '/Api' }, 'NO_ROUTE'],
          [{ target: '/' }, 'NO_ROUTE'],
          [{ target: '/?/api' }, 'NO_ROUTE'],
          [{ target: '/x/api' }, 'NO_ROUTE'],
        ],
      )
    }
  })

  it('of / fits everything, OPTIONS * and no path at all too', () => {
    check(
      [
        { path: '/a', to: 'a' },
        { path: '/', to: 'all' },
      ],
      [
        [{ target: '*', method: 'OPTIONS' }, 'all'],
        [{ target: 'http://h.test' }, 'all'],
        [{ target: 'http://h.test?/a' }, 'all'],
        [{ target: '/b' }, 'all'],
      ],
    )
  })

  it('row 49: is refused when the path leads elsewhere once a server has decoded it', () => {
    for (const target of [
      '/%61pi',
      '/x/../api',
      '/x/%2e%2e/api',
      '/x/.%2E/api',
      '/x/..%2fapi',
      '//api',
      '/./api',
      '/\\api',
      '/%5capi',
      '/api;x=1',
      '/api%3bx',
      '/x/..;/api',
      '/api%2fx',
      '/api%3fx',
      '/api%00',
      '/api/../x',
      '/api/%2e%2e/x',
      '/api/..;/x',
      '/api/x/../../y',
    ]) {
      const routes = [
        { path: '/api', to: 'a' },
        { path: '/', to: 'rest' },
      ]
      check(routes, [[{ target }, 'REQUEST_FRAMING']])
      check(routes, [[{ target: `http://h.test${target}` }, 'REQUEST_FRAMING']])
      // Where no route looks at paths, they are nobody's business.
      check([{ hosts: ['h.test'], to: 'a' }], [[{ target }, 'a']])
    }
  })

  it('takes odd paths that lead to the same place either way', () => {
    check(
      [
        { path: '/api', to: 'a' },
        { path: '/', to: 'rest' },
      ],
      [
        [{ target: '/api//x' }, 'a'],
        [{ target: '/api/a/../b' }, 'a'],
        [{ target: '/api/%2e/;b\\c' }, 'a'],
        [{ target: '/api/.well-known?%2e%2e' }, 'a'],
        [{ target: '/a%20b/%zz/%' }, 'rest'],
        [{ target: '/../../x' }, 'rest'],
        [{ target: '/api\\..\\x' }, 'rest'],
      ],
    )
  })

  it('may hold what must be escaped', () => {
    check(
      [{ path: '/grün/a b', to: 'a' }],
      [
        [{ target: '/gr%C3%BCn/a%20b/c' }, 'a'],
        [{ target: '/gr%C3%BCn/a%20bc' }, 'NO_ROUTE'],
      ],
    )
  })
})

describe('a route by headers', () => {
  it('fits when every header has a line with that very value', () => {
    check(
      [
        { headers: { 'X-Canary': 'yes', 'accept-language': 'de' }, to: 'both' },
        { headers: { 'x-canary': '' }, to: 'any' },
        { headers: { 'X-Forwarded-Prefix': '/a' }, to: 'prefix' },
        { headers: { Cookie: 'a=b' }, to: 'cookie' },
      ],
      [
        [{ fields: ['x-canary: yes', 'Accept-Language: de'] }, 'both'],
        [{ fields: ['X-CANARY: no', 'X-Canary:  yes ', 'Accept-Language: de'] }, 'both'],
        [{ fields: ['X-Canary: Yes', 'Accept-Language: de'] }, 'any'],
        [{ fields: ['X-Canary:'] }, 'any'],
        [{ fields: ['X-Canary-Too: yes'] }, 'NO_ROUTE'],
        [{ fields: ['X-Forwarded-Server: /a'] }, 'NO_ROUTE'],
        [{ fields: ['X-Forwarded-Server: /a', 'X-Forwarded-Prefix: /a'] }, 'prefix'],
        [{ fields: ['Cookie: c=d', 'Cookie: a=b'] }, 'cookie'],
        [{}, 'NO_ROUTE'],
      ],
    )
  })
})

describe('a router', () => {
  it('takes the first route that fits, for every method', () => {
    const routes = [
      { path: '/a', hosts: ['h.test'], to: 'first' },
      { path: '/a', to: 'second' },
      { to: 'last' },
    ]
    for (const method of ['GET', 'HEAD', 'POST', 'X']) {
      check(routes, [
        [{ method, target: '/a' }, 'first'],
        [{ method, target: '/a', host: 'x' }, 'second'],
        [{ method, target: '/b' }, 'last'],
      ])
    }
  })

  it('shares a route by weight, evenly in time, and gives nothing to weight 0', () => {
    const all = named([{ to: { a: 5, b: 1, c: 1, none: 0 } }])
    const router = new Router(all.routes)
    const round = Array.from({ length: 14 }, () => all.nameOf(router)).join('')
    assert.equal(round, 'aabacaaaabacaa')
    assert.equal(router.pools.length, 4)
  })

  it('goes on sharing where the one before it was, for the same pools and weights', () => {
    const to = { a: 5, b: 1, c: 1 }
    const all = named([{ to }])
    let router = new Router(all.routes)
    let round = ''
    for (let i = 0; i < 14; i++) {
      round += all.nameOf(router)
      router = new Router(all.routes, router)
    }
    assert.equal(round, 'aabacaaaabacaa')
    const other = all.routes.map((route) => ({ ...route, to: [...route.to].reverse() }))
    assert.equal(all.nameOf(new Router([...other, ...all.routes], router)), 'a')
  })

  it('keeps a client that belongs to a backend in the pool where that is', () => {
    const affinity = (id: string) => ({ key: () => '', backendId: () => id || undefined })
    const to = ['', 'b', ''].map((id) => ({
      destination: { pool: poolOf(), affinity: affinity(id) },
      weight: 1,
    }))
    const router = new Router([{ to }])
    const found = Array.from({ length: 4 }, () => router.find(...asked())?.destination)
    assert.deepEqual(new Set(found), new Set([to[1]!.destination]))
  })

  it('answers always with the same object for the same place', () => {
    const { routes } = named([{ path: '/a', stripPrefix: true, to: 'a' }, { to: 'b' }])
    const router = new Router(routes)
    const first = router.find(...asked({ target: '/a/x' }))
    assert.equal(first, router.find(...asked({ target: '/a/y' })))
    assert.equal(first?.stripBytes, 2)
    assert.equal(router.find(...asked())?.stripBytes, 0)
  })

  it('refuses what no request could fit, and weights that are none', () => {
    const wrong: readonly [Named, RegExp][] = [
      [{ path: 'api', to: 'a' }, /route path 'api': one that begins with '\/'/],
      [{ path: '', to: 'a' }, /route path ''/],
      [{ path: '/a//b', to: 'a' }, /route path/],
      [{ path: '/a/../b', to: 'a' }, /route path/],
      [{ path: '/a/.', to: 'a' }, /route path/],
      [{ path: '/a?b', to: 'a' }, /route path/],
      [{ path: '/a;b', to: 'a' }, /route path/],
      [{ path: '/a%2fb', to: 'a' }, /route path/],
      [{ path: '/a%2', to: 'a' }, /route path/],
      [{ hosts: [], to: 'a' }, /route hosts is empty/],
      [{ hosts: ['a.test:80'], to: 'a' }, /route host 'a.test:80': a name, an address/],
      [{ hosts: ['*'], to: 'a' }, /route host '\*'/],
      [{ hosts: ['a.*.test'], to: 'a' }, /route host/],
      [{ hosts: ['http://a.test'], to: 'a' }, /route host/],
      [{ hosts: [''], to: 'a' }, /route host/],
      [{ headers: { 'a b': '' }, to: 'a' }, /route header 'a b'/],
      [{ headers: { a: ' b' }, to: 'a' }, /route header 'a' has value ' b'/],
      [{ to: { a: -1 } }, /weight '-1'/],
      [{ to: { a: Number.NaN } }, /weight 'NaN'/],
      [{ to: { a: 0 } }, /leads nowhere/],
      [{ to: {} }, /leads nowhere/],
    ]
    for (const [route, message] of wrong) {
      const { routes } = named([route])
      assert.throws(
        () => new Router(routes),
        { name: 'RangeError', message },
        JSON.stringify(route),
      )
    }
  })
})
