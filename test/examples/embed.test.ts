import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import type { ProxyView } from '../../src/proxy.ts'
import { deadPort } from '../support/backends.ts'
import { hear, httpServer, named } from './http-server.ts'
import { type Example, started, stopped } from './started.ts'

/** Fastify's own line about where it listens. */
async function statusPort({ command }: Example): Promise<number> {
  const line = await command.line(/Server listening at http:\/\/127\.0\.0\.1:\d+/)
  return Number(/at http:\/\/127\.0\.0\.1:(\d+)/.exec(line)![1])
}

describe('example embed', () => {
  it('balances on one port and shows at /status of the other what it does', async (t) => {
    const example = await started(t, 'embed', [await named(t, 'a'), await named(t, 'b')])
    const status = await statusPort(example)
    const heard = [await hear(example.port), await hear(example.port)]
    const view = JSON.parse(await hear(status, '/status')) as ProxyView
    assert.equal(view.http?.requests, heard.length)
    assert.equal(view.pool.strategy, 'least-connections')
    assert.equal(
      view.pool.backends.reduce((sum, { ok }) => sum + ok, 0),
      2,
    )
    assert.deepEqual(JSON.parse(await hear(status, '/ready')), { isReady: true })
  })

  it("logs through the app's logger, and is not ready without a backend", async (t) => {
    const example = await started(t, 'embed', [await deadPort()])
    const status = await statusPort(example)
    assert.match(await hear(example.port), /^50[23] /)
    const line = JSON.parse(await example.command.line(/backend_down/))
    assert.equal(line.level, 40)
    assert.match(line.msg, /^backend 127\.0\.0\.1:\d+ is down/)
    assert.deepEqual(JSON.parse(await hear(status, '/ready')), { isReady: false })
  })

  it('lets a request under way finish when it is closed', async (t) => {
    const requests = new EventEmitter()
    const port = await httpServer(t, (_request, response) => requests.emit('request', response))
    const example = await started(t, 'embed', [port])
    await statusPort(example)
    const asked = once(requests, 'request') as Promise<[ServerResponse]>
    const answer = hear(example.port)
    const [response] = await asked
    const end = stopped(example)
    await example.command.line(/drain_start/)
    response.end('late')
    assert.equal(await answer, 'late')
    assert.match(await end, /drain_done/)
  })
})
