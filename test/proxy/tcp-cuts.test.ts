import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { abort } from '../../src/net/abort.ts'
import { type Drained, drain, take, until, wired } from '../support/proxied.ts'

const question = 'GET / HTTP/1.1\r\n\r\n'
const answer = 'HTTP/1.1 204 No Content\r\n\r\n'

/** What a side does once it has sent a part. */
const ways = {
  fin: (socket: Socket) => socket.end(),
  reset: abort,
} as const
type Way = keyof typeof ways

/** Sends `text` and lets it arrive, then breaks off. @returns what the other side sees then. */
async function cut(from: Socket, to: Socket, text: string, way: Way): Promise<Drained> {
  if (text !== '') from.write(text)
  assert.equal(await take(to, text.length), text)
  ways[way](from)
  return drain(to)
}

for (const way of Object.keys(ways) as Way[]) {
  describe(`mode tcp, when one side ends by ${way}`, () => {
    it('shows the client the same, wherever the answer is cut', async (t) => {
      const { connect, proxy } = await wired(t)
      for (let offset = 0; offset <= answer.length; offset++) {
        const { client, server } = await connect()
        client.write(question)
        await take(server, question.length)
        const { bytes, ending } = await cut(server, client, answer.slice(0, offset), way)
        assert.deepEqual([bytes, ending], [0, way], `after ${offset} bytes`)
        client.destroy()
        const hasty = await connect()
        hasty.client.write(question)
        await take(hasty.server, question.length)
        if (offset > 0) hasty.server.write(answer.slice(0, offset))
        ways[way](hasty.server)
        assert.equal((await drain(hasty.client)).ending, way, `together with ${offset} bytes`)
        hasty.client.destroy()
      }
      await until(() => proxy.view().connections.active === 0)
      const { ok, failed, leases } = proxy.view().pool.backends[0]!
      // A backend that ends at once, without a word, was not there either.
      if (way === 'fin') assert.ok(failed <= 2 && ok + failed === leases)
      else assert.equal(failed, leases)
    })

    it('shows the backend the same, wherever the question is cut', async (t) => {
      const { connect, proxy } = await wired(t)
      for (let offset = 0; offset <= question.length; offset++) {
        const { client, server } = await connect()
        const { bytes, ending } = await cut(client, server, question.slice(0, offset), way)
        assert.deepEqual([bytes, ending], [0, way], `after ${offset} bytes`)
        server.end()
        const hasty = await connect()
        if (offset > 0) hasty.client.write(question.slice(0, offset))
        ways[way](hasty.client)
        assert.equal((await drain(hasty.server)).ending, way, `together with ${offset} bytes`)
        hasty.server.end()
      }
      await until(() => proxy.view().connections.active === 0)
      const { ok, aborted, leases } = proxy.view().pool.backends[0]!
      assert.equal(way === 'fin' ? ok : aborted, leases)
    })
  })
}

describe('mode tcp, when one side breaks off in the middle of a flood', () => {
  const flood = Buffer.alloc(1 << 20, 'x')

  it('never shows a client that reads slowly a clean end', async (t) => {
    const { connect } = await wired(t)
    for (const floods of [1, 8, 32]) {
      const { client, server } = await connect()
      client.pause()
      for (let i = 0; i < floods; i++) server.write(flood)
      await take(client, 1)
      abort(server)
      assert.equal((await drain(client)).ending, 'reset')
    }
  })

  it('never shows a backend that reads slowly a clean end', async (t) => {
    const { connect } = await wired(t)
    for (const floods of [1, 8, 32]) {
      const { client, server } = await connect()
      server.pause()
      for (let i = 0; i < floods; i++) client.write(flood)
      await take(server, 1)
      abort(client)
      assert.equal((await drain(server)).ending, 'reset')
    }
  })

  it('breaks off a half-closed connection too', async (t) => {
    const { connect, proxy } = await wired(t)
    for (const [ender, breaker] of [
      ['client', 'client'],
      ['client', 'server'],
      ['server', 'client'],
      ['server', 'server'],
    ] as const) {
      const ends = await connect()
      const other = { client: ends.server, server: ends.client }
      ends[ender].end('bye')
      await take(other[ender], 3)
      assert.equal((await drain(other[ender])).ending, 'fin')
      abort(ends[breaker])
      if (ender === breaker) {
        // Its own end came already: what is left to see is that the connection is gone.
        await until(() => other[breaker].destroyed || !other[breaker].write('?'))
      } else {
        assert.equal((await drain(other[breaker])).ending, 'reset', `${ender} ${breaker}`)
      }
      await until(() => proxy.view().connections.active === 0)
    }
  })
})
