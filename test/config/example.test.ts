import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { checkConfig, configSchema, summarize } from '../../src/config.ts'
import { httpDefaults, linesDefaults } from '../../src/proxy.ts'

const example = 'piloti.example.yaml'

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly anyOf?: readonly Schema[]
  readonly items?: Schema
  readonly additionalProperties?: Schema | false
  readonly description?: string
}

/** The mappings of a schema by what they are, each with its keys. */
async function mappings(): Promise<Map<string, Readonly<Record<string, Schema>>>> {
  const found = new Map<string, Readonly<Record<string, Schema>>>()
  const visit = (name: string, schema: Schema): void => {
    for (const branch of schema.anyOf ?? []) visit(name, branch)
    // A pool may be its list of backends, which are visited where they have their name.
    if (schema.items && name !== 'pools') visit(name, schema.items)
    const { additionalProperties, properties } = schema
    if (additionalProperties) visit(name, additionalProperties)
    if (properties === undefined) return
    found.set(name, { ...found.get(name), ...properties })
    for (const [key, value] of Object.entries(properties)) visit(key, value)
  }
  visit('the file', (await configSchema()) as Schema)
  return found
}

describe('the example', () => {
  it('has no problem', async () => {
    assert.deepEqual((await checkConfig(example)).problems, [])
  })

  it('has every key there is, each with a comment', async () => {
    const text = readFileSync(example, 'utf8')
    for (const keys of (await mappings()).values()) {
      for (const key of Object.keys(keys)) {
        // Listeners by name have none of their own; a file has pools or backends at the top.
        if (key === 'name') continue
        assert.match(text, new RegExp(`(?:^|[{# -])${key}:`, 'm'), `${key} is missing`)
      }
    }
    assert.match(text, /^# yaml-language-server: \$schema=/)
  })

  it('shows the defaults of http where it does not say otherwise', async () => {
    const { configuration } = await checkConfig(example)
    const { http = assert.fail() } = configuration!.spec.listeners[0]!
    const { pseudonym, trust, ...rest } = http
    const { pseudonym: _, trust: __, ...defaults } = httpDefaults
    assert.deepEqual([pseudonym, trust], ['piloti-1', ['10.0.0.0/8']])
    assert.deepEqual(rest, defaults)
  })

  it('shows the defaults of lines', async () => {
    const { configuration } = await checkConfig(example)
    assert.deepEqual(configuration!.spec.listeners[2]?.lines, linesDefaults)
  })

  it('describes what it says', async () => {
    const { configuration } = await checkConfig(example)
    const { admin, log, graceMs, spec } = configuration!
    assert.deepEqual(admin, { host: '127.0.0.1', port: 9901 })
    assert.deepEqual([log, graceMs], [{ level: 'info', format: 'json' }, 30_000])
    const common = { connectTimeoutMs: 3_000, retriesMax: 2, idleTimeoutMs: 600_000 }
    const limits = { ...common, connectionsMax: 10_000 }
    const { http, ...web } = spec.listeners[0]!
    assert.ok(http)
    assert.deepEqual(web, {
      name: 'web',
      address: { host: '127.0.0.1', port: 8080 },
      mode: 'http',
      ...limits,
      routes: [
        {
          hosts: ['api.example.org'],
          path: '/v2',
          stripPrefix: true,
          headers: { 'x-beta': 'yes' },
          to: [{ pool: 'api', weight: 1 }],
        },
        {
          hosts: ['api.example.org', '*.api.example.org'],
          to: [
            { pool: 'api', weight: 95 },
            { pool: 'web', weight: 5 },
          ],
        },
        { to: [{ pool: 'web', weight: 1 }] },
      ],
    })
    assert.deepEqual(spec.listeners[1], {
      name: 'database',
      address: { host: '127.0.0.1', port: 5432 },
      mode: 'tcp',
      ...limits,
      routes: [{ to: [{ pool: 'database', weight: 1 }] }],
    })
  })

  it('describes its pools', async () => {
    const { configuration } = await checkConfig(example)
    const host = '127.0.0.1'
    const common = { slowStartMs: 10_000, ejection: true, failOpen: true }
    assert.deepEqual(configuration!.spec.pools, [
      {
        name: 'web',
        backends: [
          { address: { host, port: 5000 }, weight: 1 },
          { address: { host, port: 5001 }, weight: 3, maxConnections: 100 },
        ],
        strategy: 'round-robin',
        affinity: { kind: 'cookie', name: 'piloti', secret: 'change-this-to-a-secret' },
        health: { kind: 'tcp' },
        maxConnections: 0,
        queueMax: 1_024,
        queueTimeoutMs: 5_000,
        ...common,
        drainHonoursAffinity: false,
      },
      {
        name: 'api',
        backends: [1, 2].map((n) => ({
          address: { path: resolve(`run/api-${n}.sock`) },
          weight: 1,
        })),
        strategy: 'least-connections',
        health: {
          kind: 'http',
          path: '/health',
          method: 'GET',
          host: 'api.example.org',
          status: { from: 200, to: 399 },
          body: 'ok',
          intervalMs: 2_000,
          timeoutMs: 1_000,
          rise: 2,
          fall: 3,
        },
        ...common,
      },
      {
        name: 'database',
        backends: [],
        sources: [{ kind: 'dns', name: 'localhost', port: 5433, server: '127.0.0.1:53' }],
        strategy: 'n-to-1',
        affinity: { kind: 'client' },
        health: { kind: 'tcp' },
        ...common,
      },
    ])
  })

  it('is told in short', async () => {
    const { configuration } = await checkConfig(example)
    assert.deepEqual(summarize(configuration!), [
      'listener web: http on 127.0.0.1:8080',
      '  api.example.org/v2, x-beta: yes → api',
      '  api.example.org, *.api.example.org → api 95 %, web 5 %',
      '  everything → web',
      'listener database: tcp on 127.0.0.1:5432 → database',
      'listener tasks: lines on 127.0.0.1:60002 → database',
      'pool web: 2 backends, round-robin, health tcp',
      'pool api: 2 backends, least-connections, health http',
      'pool database: dns localhost, n-to-1, health tcp',
    ])
  })
})

describe('the manual of the file', () => {
  const text = readFileSync('docs/reference/config.md', 'utf8')
  /** What the sections of the manual are called in the schema. */
  const names: Readonly<Record<string, string>> = {
    'A listener': 'listeners',
    'A route': 'routes',
    'A pool': 'pools',
    'A backend': 'backends',
  }

  it('has every key of the schema where it belongs, and no other', async () => {
    const schema = await mappings()
    const sections = text.split(/^## /m).slice(1)
    const told = new Map(
      sections.map((section) => {
        const heading = section.slice(0, section.indexOf('\n')).replaceAll('`', '')
        const keys = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, key]) => key!)
        return [names[heading] ?? heading, keys] as const
      }),
    )
    const ofListeners = Object.keys(schema.get('listeners')!)
    const ofPools = Object.keys(schema.get('pools')!)
    for (const [name, keys] of schema) {
      const own = Object.keys(keys)
      const isTold = (key: string): boolean => ofListeners.includes(key) || ofPools.includes(key)
      const wanted =
        name === 'The file' || name === 'the file' ? own.filter((key) => !isTold(key)) : own
      const section = told.get(name === 'the file' ? 'The file' : name) ?? []
      // A split may be a list, whose two keys stand with it.
      if (name === 'split') continue
      assert.deepEqual([...section].sort(), [...wanted].sort(), name)
    }
    const known = new Set([...schema.keys()].map((name) => name.toLowerCase()))
    for (const name of told.keys()) assert.ok(known.has(name.toLowerCase()), name)
  })

  it('has a description of every key in the schema, too', async () => {
    for (const [name, keys] of await mappings()) {
      for (const [key, { description = '' }] of Object.entries(keys)) {
        assert.ok(description.length > 8, `${name}.${key}`)
      }
    }
  })
})
