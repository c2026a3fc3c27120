import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Router } from '../../src/proxy/routes.ts'
import { type Named, named, type Question } from './asked.ts'

// What a route is, said as slowly and obviously as can be.

interface Facts {
  readonly host: string | undefined
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

function factsOf({ target = '/', host = 'h.test', fields = [] }: Question): Facts {
  const absolute = /^http:\/\/([^/?]*)(.*)$/.exec(target)
  const authority = absolute?.[1] ?? (host === '' ? undefined : host)
  const path = (absolute?.[2] ?? target).split('?')[0]!
  const headers = fields.map((field) => field.split(': ') as [string, string])
  const name = authority?.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
  return { host: name, path, headers }
}

function fits({ hosts, path = '/', headers = {} }: Named, facts: Facts): boolean {
  const fitsHost = (pattern: string): boolean =>
    pattern.startsWith('*.')
      ? (facts.host ?? '').endsWith(pattern.slice(1).toLowerCase()) &&
        facts.host !== pattern.slice(1)
      : facts.host === pattern.toLowerCase()
  const wanted = path.split('/').filter((segment) => segment !== '')
  const given = facts.path.split('/').slice(1)
  const fitsHeader = ([name, value]: [string, string]): boolean =>
    facts.headers.some(
      ([n, v]) => n.toLowerCase() === name.toLowerCase() && (value === '' || v === value),
    )
  return (
    (hosts === undefined || hosts.some(fitsHost)) &&
    wanted.every((segment, i) => given[i] === segment) &&
    Object.entries(headers).every(fitsHeader)
  )
}

/** What the URL standard makes of a path is what most servers do; the rest is added by hand. */
function decoded(path: string): string {
  const noEscapes = path.replace(/%([0-9a-fA-F]{2})/g, (escape) => {
    const byte = Number.parseInt(escape.slice(1), 16)
    return String.fromCharCode(byte)
  })
  const visible = noEscapes
    .split(/[?#\0]/)[0]!
    .replaceAll('\\', '/')
    .replace(/;[^/]*/g, '')
  const noDoubles = visible.replace(/\/+/g, '/')
  return new URL(`http://h${noDoubles.startsWith('/') ? '' : '/'}${noDoubles}`).pathname
}

function slow(routes: readonly Named[], question: Question): string {
  const facts = factsOf(question)
  const first = (path: string): Named | undefined =>
    routes.find((route) => fits(route, { ...facts, path }))
  const route = first(facts.path)
  const looksAtPaths = routes.some(({ path = '/' }) => path !== '/')
  if (looksAtPaths && !fitsAll(routes[0]) && first(clean(decoded(facts.path))) !== route) {
    return 'REQUEST_FRAMING'
  }
  return route === undefined ? 'NO_ROUTE' : String(route.to)
}

const fitsAll = (route: Named | undefined): boolean =>
  route !== undefined && !route.hosts && !route.headers && (route.path ?? '/') === '/'
// `..` behind `//` and a trailing dot segment leave slashes that stand for nothing.
const clean = (path: string): string => path.replace(/\/+/g, '/')

const letter = fc.constantFrom('a', 'b', 'A')
const name = fc.array(letter, { minLength: 1, maxLength: 2 }).map((letters) => letters.join(''))
const host = fc.array(name, { minLength: 1, maxLength: 3 }).map((labels) => labels.join('.'))
const path = fc.array(name, { maxLength: 3 }).map((segments) => `/${segments.join('/')}`)
const headerName = fc.constantFrom('x', 'X', 'Accept', 'X-Forwarded-Prefix', 'cookie')
const value = fc.constantFrom('', 'a', 'A', 'b')

const route = fc.record(
  {
    hosts: fc.array(
      fc.tuple(fc.boolean(), host).map(([below, text]) => (below ? `*.${text}` : text)),
      { minLength: 1, maxLength: 2 },
    ),
    path,
    headers: fc.dictionary(headerName, value, { maxKeys: 2, noNullPrototype: true }),
  },
  { requiredKeys: [] },
)
const oddPiece = fc.oneof(
  name,
  fc.constantFrom('/', '/', '/', '..', '.', '%2e', '%2F', '\\', ';', '%61', '%', '?', '%3f', '%00'),
)
const target = fc.oneof(
  path,
  fc.array(oddPiece, { maxLength: 6 }).map((pieces) => `/${pieces.join('')}`),
)
const question = fc
  .record({
    target,
    host: fc.tuple(host, fc.constantFrom('', ':80', '.', ':')).map((parts) => parts.join('')),
    isAbsolute: fc.boolean(),
    fields: fc.array(
      fc.tuple(headerName, fc.constantFrom('a', 'A', 'b')).map((parts) => parts.join(': ')),
      { maxLength: 3 },
    ),
  })
  .map(({ isAbsolute, target, host, fields }) => ({
    target: isAbsolute ? `http://${host}${target}` : target,
    host,
    fields,
  }))

describe('a router, against the obvious way', () => {
  it('finds the same route for every request', () => {
    const run = fc.property(
      fc.array(route, { minLength: 1, maxLength: 4 }),
      fc.array(question, { minLength: 1, maxLength: 8 }),
      (conditions, questions) => {
        const routes = conditions.map((given, i) => ({ ...given, to: `r${i}` }))
        const all = named(routes)
        const router = new Router(all.routes)
        for (const asked of questions) {
          assert.equal(all.nameOf(router, asked), slow(routes, asked), JSON.stringify(asked))
        }
      },
    )
    fc.assert(run, { numRuns: 5_000 })
  })

  it('shares by weight: after each whole round everyone has got exactly their weight', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 })
    const some = weights.filter((all) => all.some((weight) => weight > 0))
    const run = fc.property(some, fc.integer({ min: 1, max: 4 }), (all, rounds) => {
      const to = Object.fromEntries(all.map((weight, i) => [`p${i}`, weight]))
      const { routes, nameOf } = named([{ to }])
      const router = new Router(routes)
      const got: Record<string, number> = {}
      const total = all.reduce((sum, weight) => sum + weight, 0)
      for (let i = 0; i < rounds * total; i++) {
        const pool = nameOf(router)
        got[pool] = (got[pool] ?? 0) + 1
      }
      for (const [pool, weight] of Object.entries(to)) {
        assert.equal(got[pool] ?? 0, weight * rounds)
      }
    })
    fc.assert(run)
  })
})
