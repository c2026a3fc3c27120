import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import Fastify from 'fastify'
import type { z } from 'zod'
import { addDashboard } from '../../src/admin/dashboard/routes.ts'
import { collectEndpoints } from '../../src/admin/endpoint.ts'
import { Maintenance } from '../../src/admin/maintenance.ts'
import { addRoutes } from '../../src/admin/routes.ts'
import { strategyViews } from '../../src/admin/strategies.ts'
import { balanced, simple } from '../balancer/balanced.ts'
import { named } from '../proxy/http-talk.ts'
import { deadPort } from '../support/backends.ts'
import { counted } from './counted.ts'
import { steered } from './steered.ts'

const timeout = 30_000

interface Operation {
  readonly summary: string
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> }
  readonly responses: Readonly<Record<string, object>>
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>

describe('the description of the admin API', { timeout }, () => {
  it('has every route, and no other', async (t) => {
    const { balancer } = await balanced(t, simple([1]))
    const app = Fastify()
    t.after(() => app.close())
    const endpoints = collectEndpoints(app)
    const maintenance = new Maintenance()
    addRoutes(app, balancer, { endpoints, maintenance, mayRunFiles: false })
    addDashboard(app, balancer, maintenance, {})
    await app.ready()
    const routes = endpoints.map(({ method, path }) => `${method} ${path}`)
    const { body, status } = await (await steered(t, simple([1]))).ask('/openapi.json')
    assert.deepEqual([status, body.openapi], [200, '3.1.0'])
    const described = Object.entries(body.paths as Paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, { summary, responses }]) => {
        assert.ok(summary.length > 5, path)
        assert.deepEqual(Object.keys(responses), ['200', 'default'])
        return `${method.toUpperCase()} ${path}`
      }),
    )
    assert.deepEqual(described.sort(), routes.sort())
    assert.ok(routes.length > 15)
  })

  it('says what an order must hold', async (t) => {
    const { ask } = await steered(t, simple([1]))
    const paths = (await ask('/openapi.json')).body.paths as Paths
    const { schema } = paths['/weight']!.post!.requestBody!.content['application/json']!
    assert.deepEqual(Object.keys((schema as { properties: object }).properties), [
      ...['backend', 'pool', 'persist', 'weight'],
    ])
    assert.deepEqual((schema as { required: string[] }).required, ['backend', 'weight'])
    assert.equal((schema as { additionalProperties: boolean }).additionalProperties, false)
  })

  it('is true of what is answered', async (t) => {
    const { ask, balancer, load } = await counted(t)
    await load(2)
    const app = Fastify()
    t.after(() => app.close())
    const endpoints = collectEndpoints(app)
    const maintenance = new Maintenance()
    addRoutes(app, balancer, { endpoints, maintenance, mayRunFiles: false })
    await app.ready()
    let checked = 0
    for (const { about, method, path } of endpoints) {
      const answer = about?.answer
      if (method !== 'GET' || path === '/log' || answer === undefined) continue
      if (typeof answer === 'string') continue
      const { body, status } = await ask(path)
      assert.equal(status, 200, path)
      const { error } = (answer as z.ZodType).safeParse(body)
      assert.equal(error, undefined, `${path}: ${error?.message}`)
      checked++
    }
    assert.ok(checked >= 6)
  })

  it('is in the manual, route by route', async (t) => {
    const { ask } = await steered(t, simple([1]))
    const manual = readFileSync('docs/reference/admin.md', 'utf8')
    const told = [...manual.matchAll(/^\| `((?:GET|POST) [^`]+)` \|/gm)].map(([, route]) => route!)
    const paths = (await ask('/openapi.json')).body.paths as Paths
    const routes = Object.entries(paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, { summary }]) => summary !== 'part of the dashboard')
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    )
    assert.deepEqual(told.sort(), routes.sort())
  })
})

describe('what the admin API reads', { timeout }, () => {
  it('are pools, backends and listeners', async (t) => {
    const [a, b] = [await named(t, 'a'), await deadPort()]
    const { ask, order } = await steered(t, simple([a, b]), { version: '1.2.3' })
    await order('/drain', { backend: `:${b}` })
    const pools = (await ask('/pools')).body as Record<string, { backends: object[] }>
    assert.deepEqual(Object.keys(pools), ['main'])
    const backends = (await ask('/backends')).body as unknown as Record<string, unknown>[]
    assert.deepEqual(
      backends.map(({ id, pool, health }) => [id, pool, health]),
      [
        [`127.0.0.1:${a}`, 'main', 'up'],
        [`127.0.0.1:${b}`, 'main', 'draining'],
      ],
    )
    assert.deepEqual(Object.keys((await ask('/listeners')).body), ['web'])
    const { body } = await ask('/version')
    assert.deepEqual([body.version, body.node, body.pid], ['1.2.3', process.version, process.pid])
  })

  it('are strategies, each with a line about it', async (t) => {
    const { ask } = await steered(t, simple([1]))
    assert.deepEqual((await ask('/strategies')).body, strategyViews())
    for (const { name, summary } of strategyViews()) assert.ok(summary.length > 10, name)
  })
})
