import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import Fastify, { type FastifyInstance } from 'fastify'
import { type AgentOptions, type AgentReport, agent } from '../../src/agent.ts'
import { createProbe } from '../../src/health/spec.ts'
import { backTo, held } from '../net/leaks.ts'
import { until } from '../support/proxied.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

interface Started {
  readonly app: FastifyInstance
  readonly port: number
  /** The program is asked for `/work`, which waits for `done`. */
  work(): Promise<IncomingMessage>
  done(): void
  health(path?: string): Promise<AgentReport>
}

async function start(t: TestContext, options: AgentOptions = {}): Promise<Started> {
  const app = Fastify({ forceCloseConnections: true })
  const work = new EventEmitter()
  await app.register(agent, options)
  await app.register(async (inner) => {
    inner.get('/work', async () => {
      await once(work, 'done')
      return 'done'
    })
  })
  app.get('/own', async (_request, reply) => ({ ...app.piloti.report(reply), version: 1 }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.after(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const ask = async (path: string): Promise<IncomingMessage> => {
    const request = get({ host: '127.0.0.1', port, path, agent: false })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    return response
  }
  return {
    app,
    port,
    work: () => ask('/work'),
    done: () => work.emit('done'),
    health: async (path = '/health') => {
      const response = await ask(path)
      let body = ''
      for await (const chunk of response.setEncoding('utf8')) body += chunk
      const report = JSON.parse(body)
      assert.equal(response.statusCode, 200)
      assert.equal(response.headers['x-piloti-load'], String(report.load))
      assert.equal(response.headers['cache-control'], 'no-store')
      return report
    },
  }
}

describe('the agent', () => {
  it('says how busy the program is, in a way that a probe understands', async (t) => {
    const { port, health } = await start(t)
    const { status, load, active, eventLoopUtilization, draining, ...rest } = await health()
    assert.deepEqual([status, active, draining, rest], ['ok', 0, false, {}])
    assert.ok(load >= 0 && load <= 0.95 && eventLoopUtilization >= 0 && eventLoopUtilization <= 1)
    const probe = createProbe({ kind: 'http', path: '/health' })
    const where = { host: '127.0.0.1', port }
    const finding = await probe(where, 60_000, new AbortController().signal)
    const { isWell, isDraining, ignored } = finding!
    assert.deepEqual([isWell, isDraining, ignored], [true, false, undefined])
    assert.equal(typeof finding!.load, 'number')
  })

  it('counts requests of all contexts until they end, however they end', async (t) => {
    const { app, health, work, done, port } = await start(t, { activeMax: 3 })
    const answers = [work(), work(), work()]
    await until(() => app.piloti.report().active === 3)
    const { active, load } = await health()
    assert.deepEqual([active, load], [3, 1])
    const left = get({ host: '127.0.0.1', port, path: '/work', agent: false }).on('error', () => {})
    await until(() => app.piloti.report().active === 4)
    assert.equal((await health()).load, 1.333)
    left.destroy()
    await until(() => app.piloti.report().active === 3)
    done()
    for (const answer of answers) (await answer).resume()
    await until(() => app.piloti.report().active === 0)
  })

  it('takes in what the program knows better', async (t) => {
    const load = { is: 2 }
    const { health } = await start(t, { load: () => load.is })
    assert.equal((await health()).load, 2)
    load.is = 0.9999
    assert.equal((await health()).load, 0.999, 'almost too busy is not too busy')
  })

  it('never calls a busy event loop too busy for any work', async (t) => {
    const { app, health } = await start(t)
    const isOver = { is: false }
    const spin = (): void => {
      const endMs = performance.now() + 20
      while (performance.now() < endMs);
      if (!isOver.is) setImmediate(spin)
    }
    spin()
    await until(() => app.piloti.report().eventLoopUtilization > 0.96)
    assert.equal((await health()).load, 0.95)
    isOver.is = true
    await until(() => app.piloti.report().eventLoopUtilization < 0.5)
  })

  it('leaves the route to the program', async (t) => {
    const { health, app } = await start(t, { path: false })
    assert.equal((await app.inject('/health')).statusCode, 404)
    const { active, ...report } = await health('/own')
    assert.deepEqual([active, (report as unknown as { version: number }).version], [0, 1])
  })

  it('has its route where it is told', async (t) => {
    const { health } = await start(t, { path: '/up' })
    assert.equal((await health('/up')).status, 'ok')
  })

  it('says that it drains before the program closes, and while it does', async (t) => {
    const { app, health } = await start(t)
    app.piloti.drain()
    assert.equal((await health()).draining, true)
    const other = Fastify()
    await other.register(agent)
    await other.ready()
    assert.equal(other.piloti.report().draining, false)
    const closed = other.close()
    await until(() => other.piloti.report().draining)
    await closed
  })

  it('leaves no timer behind', async () => {
    const before = held()
    for (let i = 0; i < 20; i++) {
      const app = Fastify()
      await app.register(agent)
      await app.inject('/health')
      await app.close()
    }
    await backTo(before)
  })

  it('refuses a limit that is none', async () => {
    const register = async (): Promise<unknown> => Fastify().register(agent, { activeMax: 0 })
    await assert.rejects(register, {
      name: 'RangeError',
      message: 'activeMax is 0: above 0 wanted',
    })
  })
})

describe('the guide to the agent', () => {
  it('is a program that the compiler takes, by the name that the package exports', async (t) => {
    const text = await readFile(join(root, 'docs/guide/agent.md'), 'utf8')
    const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, block]) => block!)
    assert.ok(blocks.length > 2, `${blocks.length} blocks`)
    const folder = await mkdtemp(join(tmpdir(), 'piloti-guide-'))
    t.after(() => rm(folder, { recursive: true }))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    await writeFile(join(folder, 'guide.ts'), blocks.join('\n'))
    const { exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    assert.equal(exports['./agent'].default, './dist/src/agent.js')
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        rootDir: '/',
        typeRoots: [join(root, 'node_modules/@types')],
        // From the sources, which may be newer than what is built.
        paths: { 'piloti/agent': [join(root, 'src/agent.ts')] },
      },
      include: ['guide.ts'],
    }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const said = await new Promise((resolve) => {
      execFile(process.execPath, [tsc, '-p', folder], (_error, stdout) => resolve(stdout))
    })
    assert.equal(said, '')
  })

  it('imports nothing at run time', async () => {
    const text = await readFile(join(root, 'src/agent.ts'), 'utf8')
    const imports = text.match(/^(?:import|export) .*from .*/gm)!
    assert.deepEqual(
      imports.filter((line) => !line.startsWith('import type ')),
      [],
    )
  })
})
