import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { get, type ServerResponse } from 'node:http'
import { describe, it } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import type { BackendView } from '../../src/pool/view.ts'
import { deadPort } from '../support/backends.ts'
import { hear, httpServer, named } from './http-server.ts'
import { started, stopped } from './started.ts'

/** How the work of the backends ended, as the example prints it at its end. */
function viewsIn(said: string): BackendView[] {
  return JSON.parse(said.trim().split('\n').at(-1)!)
}

describe('example http-proxy', () => {
  it('spreads requests and counts how they ended and how long they took', async (t) => {
    const example = await started(t, 'http-proxy', [await named(t, 'a'), await named(t, 'b')])
    const heard = new Set<string>()
    for (let i = 0; i < 8; i++) heard.add(await hear(example.port))
    assert.deepEqual([...heard].sort(), ['a', 'b'])
    const views = viewsIn(await stopped(example))
    assert.equal(
      views.reduce((sum, { ok }) => sum + ok, 0),
      8,
    )
    for (const { active, averageResponseTimeMs } of views) {
      assert.equal(active, 0)
      assert.ok(averageResponseTimeMs > 0)
    }
  })

  it('leaves a backend out that cannot be connected to', async (t) => {
    const example = await started(t, 'http-proxy', [await deadPort(), await named(t, 'b')])
    const heard = []
    for (let i = 0; i < 4; i++) heard.push(await hear(example.port))
    // Never tried elsewhere: whom chance sends there first hears of it. That is why one of them was unlucky.
    assert.deepEqual(heard.sort(), ['b', 'b', 'b', 'the backend failed\n'])
    await example.command.line(/^backend_down .* connect ECONNREFUSED/)
    assert.deepEqual(
      viewsIn(await stopped(example)).map(({ ok, failed }) => [ok, failed]),
      [
        [0, 1],
        [3, 0],
      ],
    )
  })

  it('breaks off an answer that its backend breaks off', async (t) => {
    const port = await httpServer(t, (_request, response) => {
      response.writeHead(200, { 'content-length': '10' })
      response.write('half', () => response.destroy())
    })
    const example = await started(t, 'http-proxy', [port])
    await assert.rejects(hear(example.port))
    assert.equal(viewsIn(await stopped(example))[0]!.failed, 1)
  })

  it('lets the backend stop when the client has left', async (t) => {
    const left = new EventEmitter()
    const port = await httpServer(t, (request, response) => {
      left.emit('request')
      request.socket.once('close', () => left.emit('closed', response))
    })
    const example = await started(t, 'http-proxy', [port])
    const asked = once(left, 'request')
    const closed = once(left, 'closed') as Promise<[ServerResponse]>
    const request = get({ host: '127.0.0.1', port: example.port, agent: false }).on(
      'error',
      () => {},
    )
    await asked
    request.destroy()
    assert.equal((await closed)[0].writableEnded, false)
    assert.equal(viewsIn(await stopped(example))[0]!.aborted, 1)
  })

  it('holds a lease for as long as a WebSocket is open', async (t) => {
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    t.after(() => sockets.close())
    await once(sockets, 'listening')
    sockets.on('connection', (socket) => socket.send('hello'))
    const { port } = sockets.address() as { port: number }
    const example = await started(t, 'http-proxy', [port])
    const socket = new WebSocket(`ws://127.0.0.1:${example.port}`)
    const [message] = await once(socket, 'message')
    assert.equal(String(message), 'hello')
    socket.close()
    await once(socket, 'close')
    assert.equal(viewsIn(await stopped(example))[0]!.ok, 1)
  })
})
