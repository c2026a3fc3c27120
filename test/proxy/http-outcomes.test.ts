import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { backend } from '../support/backends.ts'
import { open, until } from '../support/proxied.ts'
import {
  fronted,
  get,
  hearing,
  keep,
  named,
  ok,
  request,
  say,
  scripted,
  settled,
} from './http-talk.ts'
import { date, rig } from './raw-http.ts'

/** A backend that answers with this status. */
const saying = (
  t: TestContext,
  status: number,
): Promise<{ port: number; connections: () => number }> =>
  scripted(t, (socket) => {
    socket.write(`HTTP/1.1 ${status} Hm\r\nContent-Length: 4\r\n\r\nbody`)
  })

describe('an answer', { concurrency: 4, timeout: 15_000 }, () => {
  it('of a gateway that fails goes on as it is, and counts as failed', async (t) => {
    for (const status of [502, 503, 504]) {
      const { port, connections } = await saying(t, status)
      const { proxy, lines } = await fronted(t, [port])
      const before = lines.length
      const client = open(proxy.address)
      t.after(() => client.destroy())
      for (let nth = 0; nth < 3; nth++) {
        client.write(keep(get()))
        const answer = await hearing(client, /body$/)
        assert.match(answer, new RegExp(`^HTTP/1.1 ${status} Hm\r\n.*\r\n\r\nbody$`, 's'))
        assert.ok(!answer.includes('Retry-After'))
      }
      client.destroy()
      assert.deepEqual(await settled(proxy), { active: 0, ok: 0, failed: 3, aborted: 0 })
      assert.equal(proxy.view().pool.backends[0]!.errors, 3)
      assert.equal(connections(), 1, 'its connection is kept')
      assert.equal(proxy.view().http!.retries, 0)
      assert.deepEqual(proxy.view().http!.answers, {})
      assert.equal(lines.length, before, 'the log says nothing of a request')
    }
  })

  it('of 500 and more is an error, but no failure unless it is of a gateway', async (t) => {
    for (const [status, errors] of [
      [200, 0],
      [404, 0],
      [499, 0],
      [500, 1],
      [501, 1],
      [599, 1],
    ] as const) {
      const { proxy } = await fronted(t, [(await saying(t, status)).port])
      await say(proxy, get())
      assert.deepEqual(await settled(proxy), { active: 0, ok: 1, failed: 0, aborted: 0 })
      assert.equal(proxy.view().pool.backends[0]!.errors, errors, String(status))
    }
  })

  it('counts by its final head, not by those before it', async (t) => {
    const all = await rig(t, {
      answer: ({ end }) => {
        end.send('HTTP/1.1 103 Early Hints\r\n\r\n')
        return undefined
      },
    })
    const client = await all.connect()
    client.send(keep(get()))
    await client.sees(' 103 ')
    const measured = (): number => all.proxy.view().pool.backends[0]!.responseTimes.count
    assert.equal(measured(), 0)
    all.backend.ends[0]!.send(`HTTP/1.1 500 No\r\n${date}Content-Length: 0\r\n\r\n`)
    await client.sees(' 500 ')
    assert.equal(measured(), 1)
    assert.equal(all.proxy.view().pool.backends[0]!.errors, 1)
  })
})

describe('a backend', { concurrency: 4, timeout: 15_000 }, () => {
  it('is ejected after five failures in a row, however it fails', async (t) => {
    const resets = await backend(t, (socket) => socket.once('data', () => socket.resetAndDestroy()))
    const garbled = (await scripted(t, (socket) => socket.write('no HTTP\r\n\r\n'))).port
    const ends = (await scripted(t, (socket) => socket.end())).port
    const gateway = (await saying(t, 503)).port
    for (const bad of [resets, garbled, ends, gateway]) {
      const { proxy, told } = await fronted(t, [bad, await named(t, 'good')])
      const bads = (): number => proxy.view().pool.backends[0]!.failed
      for (let nth = 0; nth < 10; nth++) {
        assert.equal(told('backend_ejected').length, 0, `after ${bads()} failures`)
        // One that must not be repeated elsewhere.
        await say(proxy, request('POST', '/'))
        if (bads() === 5) break
      }
      assert.equal(bads(), 5)
      assert.equal(told('backend_ejected').length, 1)
      assert.equal(told('backend_down').length, 0, 'none of them took it out at once')
      assert.match(told('backend_ejected')[0]!.sentence, /^backend \S+ is ejected \(5 failures in/)
      for (let nth = 0; nth < 4; nth++) {
        assert.match((await say(proxy, request('POST', '/'))).text, /good$/)
      }
    }
  })

  it('is not ejected for 500s, nor for clients that leave', async (t) => {
    const errors = (await saying(t, 500)).port
    const got: (() => void)[] = []
    const silent = (await scripted(t, () => got.shift()?.())).port
    for (const port of [errors, silent]) {
      const { proxy, told } = await fronted(t, [port, await named(t, 'good')], {
        strategy: 'n-to-1',
      })
      for (let nth = 0; nth < 8; nth++) {
        if (port === errors) await say(proxy, get())
        else {
          const client = open(proxy.address)
          const here = new Promise<void>((resolve) => got.push(resolve))
          client.write(get())
          await here
          client.destroy()
        }
      }
      const { failed } = await settled(proxy)
      assert.equal(failed, 0)
      assert.equal(told('backend_ejected').length, 0)
    }
  })

  it('that does not say 100 is late, and not its client', async (t) => {
    const http = { responseTimeoutMs: 300, bodyTimeoutMs: 60_000 }
    const silent = await backend(t, (socket) => socket.resume())
    const { proxy } = await fronted(t, [silent, await named(t, 'good')], { http })
    const fields = ['Content-Length: 4', 'Expect: 100-continue']
    const client = open(proxy.address)
    t.after(() => client.destroy())
    client.write(request('POST', '/', ...fields))
    assert.match(await hearing(client, /BACKEND_TIMEOUT/), /^HTTP\/1.1 504 /)
    // It may be one that ignores Expect: that alone takes no backend out.
    assert.equal(proxy.view().pool.backends[0]!.health, 'up')
    assert.equal(proxy.view().pool.backends[0]!.failed, 1)
  })

  it('that has said 100, or gets a body without it, waits for its client', async (t) => {
    const http = { responseTimeoutMs: 60_000, bodyTimeoutMs: 300 }
    const fields = ['Content-Length: 4', 'Expect: 100-continue']
    for (const says of ['HTTP/1.1 100 Continue\r\n\r\n', undefined]) {
      const all = await rig(t, { atHead: () => says }, { http })
      const client = await all.connect()
      client.send(request('POST', '/', ...fields))
      if (says !== undefined) await client.sees(' 100 ')
      else client.send('b')
      assert.match(await client.sees('REQUEST_TIMEOUT'), / 408 /)
      client.socket.destroy()
      assert.equal((await settled(all.proxy)).failed, 0)
    }
  })
})

describe('idle connections to a backend', { concurrency: 4, timeout: 15_000 }, () => {
  const endings = {
    'that drains': ({ pool }) => pool.drain(pool.backends[0]!.id),
    'that is removed': ({ pool }) => pool.update([{ address: { host: '127.0.0.1', port: 1 } }]),
    'that probes find down': ({ pool }) => {
      const report = { isWell: false, reason: 'no', hasAnswered: false }
      pool.report(pool.backends[0]!, report, { rise: 1, fall: 1 })
    },
  } satisfies Record<string, (all: Awaited<ReturnType<typeof rig>>) => unknown>

  for (const [which, end] of Object.entries(endings)) {
    it(`${which} are ended`, async (t) => {
      const all = await rig(t)
      const client = await all.connect()
      client.send(keep(get()))
      await client.response()
      assert.equal(all.proxy.view().http!.idleConnections, 1)
      end(all)
      assert.equal(all.proxy.view().http!.idleConnections, 0)
      assert.equal(await all.backend.ends[0]!.left(), 'fin')
      assert.equal(client.ending, 'open')
    })
  }

  it('that has gone meanwhile are not kept', async (t) => {
    for (const end of [endings['that drains'], endings['that is removed']]) {
      const all = await rig(t, { answer: () => undefined })
      const client = await all.connect()
      client.send(keep(get()))
      await until(() => all.backend.arrivals.length === 1)
      end(all)
      assert.equal(all.backend.ends[0]!.ending, 'open')
      all.backend.ends[0]!.send(ok('bye'))
      assert.match(await client.response(), /bye$/)
      assert.equal(all.proxy.view().http!.idleConnections, 0)
      assert.equal(await all.backend.ends[0]!.left(), 'fin')
      assert.equal(client.ending, 'open')
    }
  })
})
