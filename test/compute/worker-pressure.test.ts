import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { createWorker } from '../../src/compute.ts'
import { backTo, held } from '../net/leaks.ts'
import { accepts } from '../support/command.ts'
import { call, said, startWorker, talk, until } from './worker-talk.ts'

const slow = (id: number): string => call(id, 'primes', 50_000_000)
const slowCount = '3001134'

describe('a worker under pressure', () => {
  it('says that it is overloaded when its queue is full', async (t) => {
    const worker = await startWorker(t, { threads: 1, queueLimit: 1 })
    const lines = slow(1) + slow(2) + slow(3) + call(4, 'health') + call(5, 'sum', 1, 1)
    const answers = (await said(t, worker, lines))
      .trimEnd()
      .split('\n')
      .map((l) => JSON.parse(l))
    const [refused, health, sum, ...rest] = answers
    const message = 'overloaded: 1 tasks are worked on and 1 wait, the most that may'
    assert.deepEqual(refused.error, { code: -32003, message, data: { worker: 'w' } })
    assert.deepEqual([refused.id, health.result.load, sum.result.value], [3, 1, '2'])
    assert.deepEqual(
      rest.map(({ id, result }) => [id, result.value]),
      [
        [1, slowCount],
        [2, slowCount],
      ],
    )
  })

  it('lets no more tasks sleep than it may', async (t) => {
    const worker = await startWorker(t, { sleepersMax: 1 })
    const answers = await said(t, worker, 'sleep 20\nsleep 30\nhealth\n')
    assert.equal(
      answers,
      '20\nerror: overloaded: 1 tasks sleep, the most that may\nok, load 1, 1 active\n',
    )
  })

  it('does not read a client with too much under way', async (t) => {
    const worker = await startWorker(t, { outstandingMax: 2 })
    const client = await talk(t, worker)
    const sleeps = [1, 2, 3, 4].map((id) => call(id, 'sleep', 30_000)).join('')
    client.socket.write(sleeps)
    await until(() => worker.view().active === 2)
    for (let i = 0; i < 20; i++) await said(t, worker, 'sum 1 1')
    assert.equal(worker.view().active, 2)
    client.socket.resetAndDestroy()
    await until(() => worker.view().active === 0)
  })

  it('answers one by one where nothing may lie unread', async (t) => {
    const worker = await startWorker(t, { unreadMaxBytes: 0 })
    assert.equal(await said(t, worker, 'sum 1 1\nsum 2 2\nsum 3 3\n'), '2\n4\n6\n')
  })

  it('gives up what a client asked for that is gone', async (t) => {
    const worker = await startWorker(t, { threads: 1 })
    const client = await talk(t, worker)
    client.socket.write(slow(1) + slow(2) + slow(3) + call(4, 'sleep', 30_000))
    await until(() => worker.view().active === 4)
    client.socket.resetAndDestroy()
    await until(() => worker.view().active === 0)
    const { connections, queued } = worker.view()
    assert.deepEqual([connections, queued], [0, 0])
    assert.equal(await said(t, worker, 'sum 1 1'), '2\n')
  })

  it('holds little for a client that does not read, and breaks it off', async (t) => {
    const worker = await startWorker(t, { writeTimeoutMs: 300 })
    const client = await talk(t, worker)
    client.socket.pause()
    const asked = 50_000
    client.socket.write('power 10 3999\n'.repeat(asked))
    await until(() => worker.view().connections === 1)
    await until(() => worker.view().connections === 0)
    // What the system's buffers take, and 1 MiB.
    const { ok } = worker.view().answers
    assert.ok(ok > 0 && ok < asked / 4, `${ok}`)
  })

  it('keeps nobody waiting for one who asks for much', async (t) => {
    const worker = await startWorker(t)
    const greedy = await talk(t, worker)
    greedy.socket.resume()
    greedy.socket.write('pi 4000\n'.repeat(20_000))
    await until(() => worker.view().answers.ok > 0)
    assert.equal(await said(t, worker, 'sum 1 1'), '2\n')
    assert.ok(worker.view().answers.ok < 20_000)
    greedy.socket.destroy()
  })
})

describe('closing a worker', () => {
  it('answers what was read, and ends connections', async (t) => {
    const worker = await startWorker(t)
    const [busy, idle] = [await talk(t, worker), await talk(t, worker)]
    busy.socket.write(
      `${call(1, 'sleep', 50)}${call(2, 'primes', 5_000_000)}sleep 40\nsum 1 1\nsum 2 `,
    )
    await until(() => worker.view().active === 3)
    const closing = worker.close()
    assert.equal(await idle.rest(), '')
    const lines = (await busy.rest()).trimEnd().split('\n')
    await closing
    const values = lines.map((line) =>
      line.startsWith('{') ? JSON.parse(line).result.value : line,
    )
    assert.deepEqual(values.sort(), ['2', '348513', '40', '50'])
    assert.equal(await accepts(addressOf(worker)), false)
    await worker.close()
  })

  it('waits no longer than the grace', async (t) => {
    const worker = await startWorker(t)
    const client = await talk(t, worker)
    client.socket.write('sleep 30000\nprimes 100000000\n')
    await until(() => worker.view().active === 2)
    await worker.close(20)
    assert.equal(await client.rest(), '')
  })

  it('does not wait for a client that hangs up late', async (t) => {
    const worker = await startWorker(t)
    const client = await talk(t, worker)
    client.socket.removeAllListeners('end')
    const ended = once(client.socket, 'end')
    await worker.close()
    await ended
  })

  it('leaves nothing behind', async (t) => {
    const before = held()
    const worker = await createWorker({ threads: 1 })
    for (let i = 0; i < 20; i++) {
      const client = await talk(t, worker)
      // Whoever only ends may still want its answers, so that is waited for.
      const sleepMs = i % 2 === 0 ? 30_000 : 20
      client.socket.write(`sum ${i} 1\nsleep 10\n${call(1, 'sleep', sleepMs)}half`)
      assert.equal(await client.line(), `${i + 1}`)
      if (i % 2 === 0) client.socket.resetAndDestroy()
      else client.socket.destroy()
    }
    await until(() => worker.view().connections === 0)
    assert.equal(worker.view().active, 0)
    await worker.close()
    await backTo(before)
  })
})

const addressOf = ({ address }: { address: object }): string =>
  `127.0.0.1:${(address as { port: number }).port}`
