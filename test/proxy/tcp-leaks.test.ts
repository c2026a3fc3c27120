import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { it } from 'node:test'
import { abort } from '../../src/net/abort.ts'
import { backTo, held } from '../net/leaks.ts'
import { backend, deadPort } from '../support/backends.ts'
import { open, proxied, until } from '../support/proxied.ts'

const connections = 10_000
const atATime = 100

/** The ways in which a side behaves, once it is connected. */
const manners: readonly ((socket: Socket) => void)[] = [
  (socket) => socket.resume().end('in order'),
  (socket) => socket.resume().destroy(),
  (socket) => abort(socket),
  (socket) => {
    socket.write('unfinished')
    abort(socket)
  },
  (socket) => {
    socket.write(Buffer.alloc(200_000))
    socket.once('data', () => abort(socket)).on('end', () => socket.destroy())
  },
  (socket) => {
    socket.write('long')
    socket.once('data', () => socket.end('short')).on('end', () => socket.end())
  },
]

const politely = (socket: Socket): void =>
  void socket.resume().on('end', () => socket.end('after you'))

/** A stream of choices that is the same in every run (a linear congruence, Numerical Recipes). */
function choices(seed: number): (count: number) => number {
  let state = seed
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 16) % count
  }
}

it(`mode tcp holds nothing after ${connections} connections that ended in every way`, async (t) => {
  const before = held()
  const choose = choices(7)
  const behave = (socket: Socket): void => manners[choose(manners.length)]!(socket)
  const { after, end } = scope()
  const context = { after } as typeof t
  const patient = (socket: Socket) => (choose(4) === 0 ? politely(socket) : behave(socket))
  const ports = [await backend(context, behave), await backend(context, patient), await deadPort()]
  const { proxy } = await proxied(context, ports, { idleTimeoutMs: 300 })

  let begun = 0
  const client = async (): Promise<void> => {
    while (begun++ < connections) {
      const socket = open(proxy.address)
      await new Promise((resolve) => {
        socket.on('close', resolve)
        socket.on('connect', () => behave(socket))
        socket.on('end', () => socket.end())
      })
    }
  }
  await Promise.all(Array.from({ length: atATime }, client))
  // Some were gone before the proxy had accepted them.
  await until(() => proxy.view().connections.total === connections)
  await end()
  await backTo(before)

  const { connections: view, pool } = proxy.view()
  assert.equal(view.active, 0)
  assert.equal(view.total, connections)
  for (const { id, active, leases, ok, failed, aborted } of pool.backends) {
    assert.equal(active, 0, id)
    assert.equal(leases, ok + failed + aborted, id)
  }
  for (const outcome of ['ok', 'failed', 'aborted'] as const) {
    assert.ok(
      pool.backends.some((view) => view[outcome] > 0),
      `some are ${outcome}`,
    )
  }
})

/** What a test context does at its end, to be done earlier. */
function scope() {
  const duties: (() => unknown)[] = []
  return {
    after: (duty: () => unknown) => void duties.push(duty),
    end: async () => {
      for (const duty of duties.reverse()) await duty()
    },
  }
}
