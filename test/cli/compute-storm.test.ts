import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { seeded } from '../../src/base/random.ts'
import { type Command, listening, piloti } from '../support/command.ts'

const CLIENTS = 50
const MESSAGES = 100_000
const WORKERS = 4
/** Each client has so many under way. */
const OUTSTANDING = 5
/** One message in so many takes long. */
const SLOW_ONE_IN = 100
const slowMs = 300
/** Longer than a message waits for its answer. */
const stopMs = 1_500

/** What one client has seen. */
interface Seen {
  readonly fastMs: number[]
  readonly slowMs: number[]
  readonly wrong: string[]
}

/** A worker that can be killed, stopped and started again where it was. */
async function worker(t: TestContext, listen: string): Promise<{ command: Command; at: string }> {
  const args = ['--listen', listen, '--threads', '1', '--json', '--quiet']
  const command = piloti(t, ['compute', 'worker', ...args])
  return { command, at: (await listening(command)).address }
}

/** Sends `count` messages and checks each answer: right, once, and for whom it is. */
function client(t: TestContext, port: number, count: number, seed: number): Promise<Seen> {
  const random = seeded(seed)
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  const seen: Seen = { fastMs: [], slowMs: [], wrong: [] }
  const waiting = new Map<number, { wanted: string; isSlow: boolean; sinceMs: number }>()
  let sent = 0
  let answered = 0
  const send = (): void => {
    const id = ++sent
    const isSlow = id % SLOW_ONE_IN === 0
    const [a, b] = [Math.floor(random() * 1e9), Math.floor(random() * 1e9)]
    const call = isSlow
      ? { method: 'sleep', params: [String(slowMs)] }
      : { method: 'product', params: [String(a), String(b)] }
    const wanted = isSlow ? String(slowMs) : String(BigInt(a) * BigInt(b))
    waiting.set(id, { wanted, isSlow, sinceMs: performance.now() })
    socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...call })}\n`)
  }
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('connect', () => {
      while (sent < Math.min(OUTSTANDING, count)) send()
    })
    createInterface({ input: socket }).on('line', (line) => {
      const { id, result } = JSON.parse(line)
      const message = waiting.get(id)
      waiting.delete(id)
      answered++
      if (message === undefined || result?.value !== message.wanted) seen.wrong.push(line)
      else seen[message.isSlow ? 'slowMs' : 'fastMs'].push(performance.now() - message.sinceMs)
      if (sent < count) send()
      else if (answered === count) {
        socket.end()
        resolve(seen)
      }
    })
  })
}

/** Until `isOver`, kills or stops one worker after the other, and revives it. @returns how often. */
async function harm(
  t: TestContext,
  workers: { command: Command; at: string }[],
  isOver: () => boolean,
): Promise<{ kills: number; stops: number }> {
  const done = { kills: 0, stops: 0 }
  for (let turn = 0; !isOver(); turn++) {
    const index = turn % WORKERS
    const { at, command } = workers[index]!
    if (turn % 3 === 1) {
      done.stops++
      command.kill('SIGSTOP')
      await wait(stopMs)
      command.kill('SIGCONT')
    } else {
      done.kills++
      command.kill('SIGKILL')
      await command.ended
      workers[index] = await worker(t, at)
    }
    await wait(300)
  }
  return done
}

const percentile = (all: readonly number[], share: number): number =>
  all.toSorted((a, b) => a - b)[Math.floor(all.length * share)]!

describe('tasks through piloti while workers are killed, stopped and revived', () => {
  it('are each answered once, and right, and slow ones hold up no other', async (t) => {
    const workers = await Promise.all(Array.from({ length: WORKERS }, () => worker(t, ':0')))
    const addresses = workers.map(({ at }) => at)
    const manner = ['--mode', 'lines', '--resend', '--message-timeout', '1s', '--retries', '5']
    const args = ['--listen', ':0', '--json', '--health', 'lines', '--admin', 'off']
    const proxy = piloti(t, ['proxy', ...manner, ...args, '--quiet', ...addresses])
    const port = Number((await listening(proxy)).address.split(':')[1])
    let isOver = false
    const harmed = harm(t, workers, () => isOver)
    const each = MESSAGES / CLIENTS
    const clients = Array.from({ length: CLIENTS }, (_, i) => client(t, port, each, i + 1))
    const seen = await Promise.all(clients)
    isOver = true
    const { kills, stops } = await harmed
    const fast = seen.flatMap(({ fastMs }) => fastMs)
    const slow = seen.flatMap((one) => one.slowMs)
    assert.deepEqual(
      seen.flatMap(({ wrong }) => wrong),
      [],
    )
    assert.equal(fast.length + slow.length, MESSAGES)
    t.diagnostic(
      `${kills} kills, ${stops} stops; fast p50 ${percentile(fast, 0.5).toFixed(1)} ms, p99 ${percentile(fast, 0.99).toFixed(1)} ms; slow p50 ${percentile(slow, 0.5).toFixed(1)} ms`,
    )
    assert.ok(kills > 0 && stops > 0)
    // In the order they were sent, most fast ones would wait for a slow one of their client.
    assert.ok(percentile(fast, 0.5) < slowMs)
    proxy.kill('SIGTERM')
    assert.equal((await proxy.ended).code, 0)
  })
})
