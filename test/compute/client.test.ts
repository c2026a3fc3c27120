import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import type { Address } from '../../src/base/address.ts'
import { seeded } from '../../src/base/random.ts'
import {
  type ComputeClient,
  type ComputeClientOptions,
  createComputeClient,
} from '../../src/compute/client.ts'
import type { Settled } from '../../src/compute/client-call.ts'
import { checkTask, type Task } from '../../src/compute/protocol.ts'
import { randomTask } from '../../src/compute/random-tasks.ts'
import { adder, type Cut } from './adder.ts'

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))

const sum = (a: number, b: number): Task => ({ method: 'sum', params: [`${a}`, `${b}`] })
const valueOf = (settled: Settled): string =>
  'result' in settled ? settled.result.value : assert.fail(JSON.stringify(settled))

async function client(
  t: TestContext,
  address: Address,
  options: Partial<ComputeClientOptions> = {},
): Promise<ComputeClient> {
  const quick = { reconnectMinMs: 1, reconnectMaxMs: 8 }
  const made = await createComputeClient({ address, ...quick, ...options })
  t.after(() => made.close())
  return made
}

describe('a client of tasks', { timeout: 60_000 }, () => {
  it('gives each call its own answer, many at a time', async (t) => {
    const { address } = await adder(t)
    const made = await client(t, address)
    const settled = await Promise.all(Array.from({ length: 2_000 }, (_, n) => made.call(sum(n, 1))))
    assert.deepEqual(
      settled.map(valueOf),
      settled.map((_, n) => `${n + 1}`),
    )
    assert.ok(settled.every(({ ms }) => ms > 0))
    assert.deepEqual([made.unanswered, made.strays], [0, 0])
  })

  it('matches answers by id, in whatever order they come', async (t) => {
    const peer = await adder(t)
    const held: string[] = []
    peer.instead = (line) => {
      const { id, params } = JSON.parse(line)
      held.unshift(JSON.stringify({ id, result: { value: params[0] } }))
      return held.length === 5 ? `${held.join('\r\n')}\r\n` : ''
    }
    const made = await client(t, peer.address)
    const settled = await Promise.all([1, 2, 3, 4, 5].map((n) => made.call(sum(n, 0))))
    assert.deepEqual(settled.map(valueOf), ['1', '2', '3', '4', '5'])
  })

  it('sends no more than it may have outstanding', async (t) => {
    const peer = await adder(t)
    let open = 0
    let most = 0
    peer.instead = (line, socket) => {
      most = Math.max(most, ++open)
      setImmediate(() => {
        open--
        socket.write(`${JSON.stringify({ id: JSON.parse(line).id, result: { value: '1' } })}\n`)
      })
      return ''
    }
    const made = await client(t, peer.address, { outstandingMax: 3 })
    await Promise.all(Array.from({ length: 50 }, () => made.call(sum(1, 1))))
    assert.equal(most, 3)
  })

  it('tells an error answer, and whose it is', async (t) => {
    const peer = await adder(t)
    peer.instead = (line) => {
      const { id } = JSON.parse(line)
      const data = { code: 'NO_BACKEND', worker: 'w' }
      return `${JSON.stringify({ id, error: { code: -32_000, message: 'nobody is up', data } })}\n`
    }
    const settled = await (await client(t, peer.address)).call(sum(1, 2))
    assert.ok('error' in settled)
    const wanted = { code: -32_000, message: 'nobody is up', reason: 'NO_BACKEND', worker: 'w' }
    assert.deepEqual(settled.error, wanted)
  })

  it('loses and doubles no answer, wherever its connections are cut', async (t) => {
    const cut: fc.Arbitrary<Cut> = fc.record({
      afterBytes: fc.nat(1_500),
      how: fc.constantFrom('reset', 'end'),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(cut, { maxLength: 6 }),
        fc.integer({ min: 1, max: 60 }),
        async (cuts, count) => {
          const peer = await adder(t, cuts)
          const told: string[] = []
          const made = await client(t, peer.address, {
            outstandingMax: 20,
            onLost: () => told.push('lost'),
            onBack: () => told.push('back'),
          })
          const settled = await Promise.all(
            Array.from({ length: count }, (_, n) => made.call(sum(n, n))),
          )
          assert.deepEqual(
            settled.map(valueOf),
            settled.map((_, n) => `${2 * n}`),
          )
          const { strays } = made
          made.close()
          await peer.close()
          assert.equal(strays, 0)
          assert.equal(peer.came.size, count)
          assert.deepEqual(
            told,
            told.map((_, i) => (i % 2 === 0 ? 'lost' : 'back')),
          )
        },
      ),
      { seed, numRuns: 60 },
    )
  })

  it('waits for a balancer that is started again, and says so once', async (t) => {
    const peer = await adder(t)
    peer.instead = () => ''
    const told: unknown[] = []
    let lost = (): void => {}
    const isLost = new Promise<void>((resolve) => {
      lost = resolve
    })
    const made = await client(t, peer.address, {
      onLost: (_why, unanswered) => {
        told.push(unanswered)
        lost()
      },
      onBack: (resumed) => told.push(resumed),
    })
    const before = [made.call(sum(1, 1)), made.call(sum(2, 2))]
    while (peer.came.size < 2) await new Promise(setImmediate)
    await peer.close()
    await isLost
    assert.equal(made.isConnected, false)
    const between = made.call(sum(3, 3))
    const { port } = peer.address as { port: number }
    await adder(t, [], port)
    const settled = await Promise.all([...before, between])
    assert.deepEqual(settled.map(valueOf), ['2', '4', '6'])
    assert.deepEqual(told, [2, 2])
  })

  it('gives up a task that costs it its connection again and again, and no other', async (t) => {
    const peer = await adder(t)
    peer.instead = (line, socket) => {
      if (JSON.parse(line).params[0] !== '13') return undefined
      socket.resetAndDestroy()
      return ''
    }
    const made = await client(t, peer.address, { resendsMax: 3, outstandingMax: 1 })
    const calls = [sum(13, 0), sum(1, 1)].map((task) => made.call(task))
    await assert.rejects(calls[0]!, { code: 'COMPUTE_REACH' })
    assert.equal(valueOf(await calls[1]!), '2')
    assert.equal(peer.came.get('13 0'), 4)
  })

  it('ends a call without an answer in time, and ignores one that comes later', async (t) => {
    const peer = await adder(t)
    let answer = (): void => {}
    peer.instead = (line, socket) => {
      const { id, params } = JSON.parse(line)
      if (params[0] !== '1') return undefined
      answer = () => socket.write(`${JSON.stringify({ id, result: { value: 'late' } })}\n`)
      return ''
    }
    const made = await client(t, peer.address, { answerTimeoutMs: 1 })
    await assert.rejects(made.call(sum(1, 1)), { code: 'COMPUTE_TIMEOUT' })
    answer()
    while (made.strays === 0) await new Promise(setImmediate)
    assert.equal(made.unanswered, 0)
  })

  it('says whom it cannot reach at the start', async (t) => {
    const peer = await adder(t)
    await peer.close()
    const { port } = peer.address as { port: number }
    await assert.rejects(createComputeClient({ address: peer.address }), {
      code: 'COMPUTE_REACH',
      message: new RegExp(`^cannot reach a balancer of tasks at 127.0.0.1:${port}: ECONNREFUSED;`),
    })
  })

  it('says at once that what answers there speaks something else', async (t) => {
    const peer = await adder(t)
    peer.instead = () => 'HTTP/1.1 400 Bad Request\r\n\r\n'
    const call = (await client(t, peer.address)).call(sum(1, 1))
    await assert.rejects(call, {
      code: 'COMPUTE_REACH',
      message: /what answers there is no JSON-RPC/,
    })
    assert.equal(peer.came.get('1 1'), 1)
  })

  it('leaves nothing open when it is closed', async (t) => {
    const peer = await adder(t)
    peer.instead = () => ''
    const made = await client(t, peer.address)
    const call = made.call(sum(1, 1))
    made.close()
    await assert.rejects(call, { code: 'CLOSED' })
    await assert.rejects(made.call(sum(1, 1)), { code: 'CLOSED' })
  })

  it('refuses a limit that lets nothing through, and takes one that is undefined for none', async (t) => {
    const { address } = await adder(t)
    await assert.rejects(client(t, address, { outstandingMax: 0 }), {
      name: 'RangeError',
      message: 'outstandingMax is 0: at least 1 wanted',
    })
    const unset = { answerTimeoutMs: undefined, outstandingMax: undefined } as object
    assert.equal(valueOf(await (await client(t, address, unset)).call(sum(3, 4))), '7')
  })

  it('survives peers that speak something else', async (t) => {
    const sockets = new Set<Socket>()
    let says = ''
    const server = createServer((socket) => {
      sockets.add(socket.on('error', () => {}))
      socket.on('data', () => socket.write(says))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      server.close()
      for (const socket of sockets) socket.destroy()
    })
    const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
    const bytes = fc.string({ unit: 'binary' }).map((text) => `${text}\n`)
    const odd = fc.oneof(
      bytes,
      fc.json().map((text) => `${text}\n`),
      fc.constantFrom('HTTP/1.1 400 Bad Request\r\n\r\n', 'x'.repeat(3_000), '{"id":null}\n'),
    )
    await fc.assert(
      fc.asyncProperty(odd, async (text) => {
        says = text
        const made = await client(t, address, {
          resendsMax: 1,
          lineLimitBytes: 2_000,
          answerTimeoutMs: 1,
        })
        await assert.rejects(made.call(sum(1, 1)), { name: 'PilotiError' })
        made.close()
      }),
      { seed, numRuns: 15 },
    )
  })
})

describe('random tasks', () => {
  it('are the same for the same seed, and other ones for another', () => {
    const some = (from: number): Task[] => {
      const random = seeded(from)
      return Array.from({ length: 50 }, () => randomTask(random))
    }
    assert.deepEqual(some(7), some(7))
    assert.notDeepEqual(some(7), some(8))
  })

  it('are tasks that a worker takes, of every kind but sleep', () => {
    const methods = new Set<string>()
    const random = seeded(seed)
    for (let nth = 0; nth < 5_000; nth++) {
      const task = randomTask(random)
      assert.deepEqual(checkTask(task.method, task.params), task, `seed ${seed}`)
      methods.add(task.method)
    }
    assert.equal(methods.size, 7)
  })
})
