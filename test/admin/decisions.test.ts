import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import type { Decision } from '../../src/pool/decisions.ts'
import { at, listenerTo, poolOf } from '../balancer/balanced.ts'
import { backend, deadPort, echo, greeter } from '../support/backends.ts'
import { type Drained, drain, open, until } from '../support/proxied.ts'
import { type Steered, steered } from './steered.ts'

interface Asked extends Steered {
  /** The decisions of the pool at the API, the latest first, once there are so many. */
  decisions(count: number): Promise<readonly Decision[]>
  /** Connects, says a word, and hears all. */
  talk(): Promise<Drained>
}

type PoolChanges = Parameters<typeof poolOf>[1]

/** A balancer in mode tcp, whose first connection is one of the sample. */
async function asked(
  t: TestContext,
  ports: readonly number[],
  more: PoolChanges = {},
): Promise<Asked> {
  const pool = poolOf(ports, more)
  const listener = listenerTo('main', { mode: 'tcp' })
  const running = await steered(t, { pools: [pool], listeners: [listener] })
  const { decisions } = running.balancer.pools.get('main')!
  return {
    ...running,
    async decisions(count) {
      await until(() => decisions.view().length >= count)
      return (await running.ask('/decisions')).body.main as Decision[]
    },
    async talk() {
      const client = open(running.addressOf())
      t.after(() => client.destroy())
      client.end('hello')
      return drain(client)
    },
  }
}

/** The same, but the next ones are not. */
async function unsampled(
  t: TestContext,
  ports: readonly number[],
  more: PoolChanges = {},
): Promise<Asked> {
  const all = await asked(t, ports, more)
  all.balancer.pools.get('main')!.decisions.isDue()
  return all
}

const ids = (ports: readonly number[]): string[] => ports.map((port) => `127.0.0.1:${port}`)

describe('the decisions of a pool in mode tcp', { concurrency: 4, timeout: 30_000 }, () => {
  it('say who was a candidate, who was left out and why, and how it ended', async (t) => {
    const ports = [await echo(t), await echo(t), await echo(t)]
    const [a, b, c] = ids(ports)
    const { balancer, decisions, talk } = await asked(t, ports, {
      strategy: 'least-connections',
    })
    balancer.pools.get('main')!.drain(c!)
    assert.equal((await talk()).text, 'hello')
    const [{ atMs, connectMs, durationMs, firstByteMs, picks, ...rest } = assert.fail()] =
      await decisions(1)
    const all = { what: '', client: '127.0.0.1', status: 0, requestId: '', queueMs: 0 }
    assert.deepEqual(rest, { ...all, end: 'finished' })
    assert.ok(Math.abs(Date.now() - atMs) < 30_000 && connectMs > 0)
    assert.ok(firstByteMs >= connectMs && durationMs >= firstByteMs)
    assert.equal(picks.length, 1)
    const [{ considered, picked, strategy } = assert.fail()] = picks
    assert.equal(strategy, 'least-connections')
    assert.ok([a, b].includes(picked))
    assert.deepEqual(
      considered.map(({ id, active, leftOut, score }) => [id, active, leftOut, score]),
      [
        [a, 0, '', 0],
        [b, 0, '', 0],
        [c, 0, 'draining: asked to drain', undefined],
      ],
    )
  })

  it('are a sample of one in a hundred', async (t) => {
    const { decisions, talk } = await asked(t, [await echo(t)])
    for (let i = 0; i < 101; i++) await talk()
    assert.equal((await decisions(2)).length, 2)
  })

  it('have each that was tried again, with every try', async (t) => {
    const ports = [await deadPort(), await echo(t)]
    const [dead, alive] = ids(ports)
    const { decisions, talk } = await unsampled(t, ports)
    assert.equal((await talk()).text, 'hello')
    const [{ connectMs, end, picks } = assert.fail()] = await decisions(1)
    assert.equal(end, 'finished')
    assert.ok(connectMs > 0)
    assert.deepEqual(
      picks.map(({ picked }) => picked),
      [dead, alive],
    )
    assert.match(picks[0]!.failed, /ECONNREFUSED/)
    assert.equal(picks[1]!.failed, '')
    assert.equal(picks[1]!.considered.find(({ id }) => id === dead)!.leftOut, 'tried')
  })

  it('have each that nobody could serve, and why', async (t) => {
    const dead = await deadPort()
    const { balancer, decisions, talk } = await unsampled(t, [dead])
    await talk()
    balancer.pools.get('main')!.drain(ids([dead])[0]!)
    await talk()
    const [none, failed] = await decisions(2)
    assert.deepEqual([none?.end, none?.firstByteMs, none?.client], ['no_backend', -1, '127.0.0.1'])
    assert.deepEqual([none?.picks.length, none?.picks[0]?.picked], [1, ''])
    assert.equal(none?.picks[0]?.considered[0]?.leftOut, 'draining: asked to drain')
    assert.equal(failed?.end, 'backend_connect')
    assert.match(failed?.picks[0]?.failed ?? '', /ECONNREFUSED/)
  })

  it('have each that the backend ended without a word, or broke off', async (t) => {
    const silent = await unsampled(t, [await greeter(t, '')])
    const client = open(silent.addressOf())
    await drain(client)
    client.end()
    const [first] = await silent.decisions(1)
    assert.deepEqual(
      [first?.end, first?.picks[0]?.failed],
      ['backend_silent', 'ended at once, without a word'],
    )
    const rude = await unsampled(t, [
      await backend(t, (socket) => {
        socket.write('x')
        socket.once('data', () => socket.resetAndDestroy())
      }),
    ])
    const talker = open(rude.addressOf())
    await once(talker, 'data')
    talker.write('more')
    await drain(talker)
    const [second] = await rude.decisions(1)
    assert.deepEqual([second?.end, second?.picks[0]?.failed], ['backend_reset', 'it broke off'])
    assert.ok(second!.firstByteMs > 0 && second!.connectMs > 0)
  })

  it('tell who waited in line, and for whom', async (t) => {
    const port = await echo(t)
    const full = { backends: [at(port, { maxConnections: 1 })] }
    const { addressOf, balancer, decisions } = await unsampled(t, [port], full)
    const pool = balancer.pools.get('main')!
    const first = open(addressOf())
    await until(() => pool.backends[0]!.active === 1)
    // The next one is of the sample.
    for (let i = 0; i < 98; i++) pool.decisions.isDue()
    const second = open(addressOf())
    await until(() => pool.queued === 1)
    first.end()
    second.end('hello')
    assert.equal((await drain(second)).text, 'hello')
    const [{ picks, queueMs } = assert.fail()] = await decisions(1)
    assert.ok(queueMs > 0)
    assert.deepEqual(
      picks.map(({ considered, picked }) => [picked, considered[0]?.leftOut]),
      [[`127.0.0.1:${port}`, 'full']],
    )
    first.destroy()
  })

  it('keep nothing of what went well and is of no sample', async (t) => {
    const { balancer, talk } = await unsampled(t, [await echo(t)])
    for (let i = 0; i < 20; i++) await talk()
    await until(() => balancer.pools.get('main')!.backends[0]!.active === 0)
    assert.deepEqual(balancer.pools.get('main')!.decisions.view(), [])
  })
})
