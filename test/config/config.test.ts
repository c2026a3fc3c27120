import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { checkConfig, loadConfig, problemsOf } from '../../src/config.ts'
import { fileOf, folder, linesOf, problemsIn, specOf } from './files.ts'

describe('a short file', () => {
  it('means what the long one means', async (t) => {
    const short = `
listen: 127.0.0.1:8080
strategy: LeastConnections
http: {bodyLimit: 1m}
backends: [127.0.0.1:5000, {address: :5001, weight: 3, maxConnections: 100, drain: true}]
`
    const long = `
listeners:
  default:
    listen: :8080
    mode: http
    http: {bodyLimit: 1048576}
    routes: [{pool: default}]
pools:
  default:
    strategy: least-connections
    backends:
      - {address: 127.0.0.1:5000, weight: 1, drain: off}
      - 127.0.0.1:5001;weight=3;max=100;drain
`
    const spec = await specOf(t, short)
    assert.deepEqual(spec, await specOf(t, long))
    assert.deepEqual(spec.listeners, [
      {
        name: 'default',
        address: { host: '127.0.0.1', port: 8080 },
        mode: 'http',
        routes: [{ to: [{ pool: 'default', weight: 1 }] }],
        http: { bodyLimitBytes: 1_048_576 },
      },
    ])
  })

  it('may be a list of backends alone', async (t) => {
    const { listeners, pools } = await specOf(t, 'backends: [:5000]\n')
    assert.deepEqual(listeners[0]!.address, { host: '127.0.0.1', port: 8080 })
    assert.deepEqual(pools, [
      {
        name: 'default',
        backends: [{ address: { host: '127.0.0.1', port: 5000 }, weight: 1 }],
        strategy: 'round-robin',
      },
    ])
  })

  it('may give listeners as addresses, pools as lists, and splits as mappings', async (t) => {
    const short = `
listeners: {a: {listen: :80, routes: [{split: {x: 9, y: 1}}]}, b: {listen: :81, pool: x}}
pools: {x: [:1], y: [:2]}
`
    const long = `
listeners:
  - {name: a, listen: :80, routes: [{split: [{pool: x, weight: 9}, {pool: y}]}]}
  - {name: b, listen: :81, routes: [{pool: x}]}
pools:
  x: {backends: [:1]}
  y: {backends: [{address: :2}]}
`
    assert.deepEqual(await specOf(t, short), await specOf(t, long))
  })
})

describe('what stands at the top', () => {
  it('goes for each listener and pool that does not say otherwise', async (t) => {
    const { listeners, pools } = await specOf(
      t,
      `
retries: 5
strategy: random
http: {forwarded: on, bodyLimit: 1k}
listeners:
  a: {listen: :80, http: {bodyLimit: 2k}}
  b: {listen: :81, mode: tcp, retries: 0, pool: y}
pool: x
pools:
  x: [:1]
  y: {backends: [:2], strategy: ring}
`,
    )
    assert.deepEqual(
      listeners.map(({ retriesMax, http }) => ({ retriesMax, http })),
      [
        { retriesMax: 5, http: { forwarded: true, bodyLimitBytes: 2_048 } },
        { retriesMax: 0, http: undefined },
      ],
    )
    assert.deepEqual(
      pools.map(({ strategy }) => strategy),
      ['random', 'ring'],
    )
  })

  it('gives routes to listeners of mode http that have none of their own', async (t) => {
    const { listeners } = await specOf(
      t,
      `
routes: [{path: /api, pool: x}, {pool: y}]
listeners:
  a: :80
  b: {listen: :81, pool: x}
  c: {listen: :82, routes: [{pool: y}]}
  d: {listen: :83, mode: tcp, pool: x}
pools: {x: [:1], y: [:2]}
`,
    )
    assert.deepEqual(
      listeners.map(({ routes }) => routes.map(({ path, to }) => `${path ?? ''}>${to[0]!.pool}`)),
      [['/api>x', '>y'], ['>x'], ['>y'], ['>x']],
    )
  })
})

describe('a file', () => {
  it('names its files and sockets relative to itself', async (t) => {
    const home = await folder(t)
    await writeFile(
      join(home, 'mine.ts'),
      "export default { name: 'first', pick: ([first]) => first }",
    )
    await writeFile(join(home, 'servers.txt'), ':5000\n')
    const path = join(home, 'piloti.yaml')
    const text = `
listen: unix:run/in.sock
admin: unix:admin.sock
backends: [unix:app.sock]
discover: {file: servers.txt}
strategy: ./mine.ts
`
    await writeFile(path, text)
    const { admin, spec, warnings } = await loadConfig(path)
    const [{ backends, sources, strategy } = assert.fail()] = spec.pools
    assert.deepEqual(warnings, [])
    assert.deepEqual(
      [spec.listeners[0]!.address, admin, backends[0]!.address, sources, strategy],
      [
        { path: join(home, 'run/in.sock') },
        { path: join(home, 'admin.sock') },
        { path: join(home, 'app.sock') },
        [{ kind: 'file', path: join(home, 'servers.txt') }],
        join(home, 'mine.ts'),
      ],
    )
  })

  it('may use anchors, aliases and merge keys', async (t) => {
    const spec = await specOf(
      t,
      `
pool: a
listeners:
  x: &x {listen: :80, retries: 7, http: &h {forwarded: on}}
  y: {<<: *x, listen: :81}
  z: {<<: [{listen: :82}, *x], pool: b}
pools: {a: &list [:1, :2], b: *list}
`,
    )
    assert.deepEqual(
      spec.listeners.map(({ address, retriesMax, http }) => [address, retriesMax, http]),
      [80, 81, 82].map((port) => [{ host: '127.0.0.1', port }, 7, { forwarded: true }]),
    )
    assert.deepEqual(spec.pools[0]!.backends, spec.pools[1]!.backends)
  })

  it('may have a byte order mark and any ends of lines', async (t) => {
    const wanted = await specOf(t, 'listen: :80\nbackends: [:1]\n')
    for (const text of [
      '\ufefflisten: :80\nbackends: [:1]\n',
      'listen: :80\r\nbackends: [:1]\r\n',
    ]) {
      assert.deepEqual(await specOf(t, text), wanted)
    }
  })

  it('says what it leaves to the command', async (t) => {
    const path = await fileOf(t, 'backends: [:1]\n')
    const { admin, log, graceMs } = await loadConfig(path)
    assert.deepEqual([admin, log, graceMs], [undefined, undefined, undefined])
    const full = await fileOf(t, 'backends: [:1]\nadmin: off\nlog: debug\ngrace: 1m\n')
    const said = await loadConfig(full)
    assert.deepEqual([said.admin, said.log, said.graceMs], ['off', { level: 'debug' }, 60_000])
  })
})

describe('several problems', () => {
  it('are all told at once, of the syntax of values and of what they mean', async (t) => {
    const text = `
listen: 8080
bakends: [:1]
routes:
  - {path: /a, pool: webb}
  - {path: b}
pools:
  web:
    backends: [:1, :1, :x]
    strategy: rundom
    health: {interval: 5}
`
    const places = (await problemsIn(t, text)).map((line) => /^\d+:\d+/.exec(line)![0])
    assert.deepEqual(places, ['2:9', '3:1', '5:22', '6:12', '9:20', '9:24', '10:15', '11:24'])
  })

  it('do not grow beyond a hundred', async (t) => {
    const text = Array.from({ length: 2_000 }, (_, i) => `k${i}: 1\n`).join('')
    assert.equal((await problemsIn(t, text)).length, 100)
  })

  it('come with a path, a severity and a suggestion', async (t) => {
    const { problems } = await checkConfig(await fileOf(t, 'pools: {a: {backend: [:1]}}\n'))
    assert.deepEqual(problems, [
      {
        line: 1,
        column: 13,
        path: 'pools.a.backend',
        severity: 'error',
        message: "unknown key 'backend'",
        suggestion: 'did you mean backends?',
      },
    ])
  })
})

describe('a file that is none', () => {
  it('is told: missing, a folder, empty, too large', async (t) => {
    const home = await folder(t)
    const large = join(home, 'large.yaml')
    await writeFile(large, Buffer.alloc(1_048_577, 32))
    const empty = join(home, 'empty.yaml')
    await writeFile(empty, '# nothing\n')
    const told = await Promise.all(
      [join(home, 'none.yaml'), home, empty, large].map(async (path) => {
        const error = await loadConfig(path).catch((thrown: unknown) => thrown)
        assert.equal(problemsOf(error).length, 1)
        return (error as Error).message.slice(dirname(path).length + 1)
      }),
    )
    assert.match(told[0]!, /none\.yaml: cannot be read: it does not exist \(piloti\.example\.yaml/)
    assert.match(told[1]!, /: cannot be read: it is a directory/)
    assert.match(told[2]!, /^empty\.yaml: describes nothing \(write backends/)
    assert.match(told[3]!, /^large\.yaml: cannot be read: it has 1048577 bytes/)
  })
})

describe('names of hosts', () => {
  it('are looked up when that is asked for, all in two seconds', async (t) => {
    const path = await fileOf(
      t,
      'backends: [nowhere.invalid:80, localhost:81]\ndiscover: {dns: also.invalid, port: 80}\n',
    )
    assert.deepEqual(linesOf(await checkConfig(path)), [])
    const lines = linesOf(await checkConfig(path, { resolveNames: true }))
    assert.deepEqual(
      lines.map((line) => line.replace(/: the name cannot be resolved: .*/, '')),
      ['1:12', '2:17'],
    )
  })
})

describe('keys that are words of JavaScript', () => {
  it('are unknown like any other', async (t) => {
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const lines = await problemsIn(t, `${key}: {a: 1}\npools: {web: [:1]}\nhttp: {${key}: 1}\n`)
      assert.deepEqual(
        lines.map((line) => line.replace(/ \(.*/, '')),
        [`1:1: unknown key '${key}'`, `3:8: unknown key '${key}'`],
      )
    }
  })
})
