import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { createWorker, type Worker, type WorkerOptions } from '../../src/compute.ts'

/** A worker named w, that is closed at once when the test ends. */
export async function startWorker(t: TestContext, options: WorkerOptions = {}): Promise<Worker> {
  const worker = await createWorker({ name: 'w', threads: 2, ...options })
  t.after(() => worker.close(0))
  return worker
}

/** One end of a connection to a worker. */
export interface Talk {
  readonly socket: Socket
  /** The next line of the worker, without its end. */
  line(): Promise<string>
  /** All that has not been taken as lines, once the worker has ended. */
  rest(): Promise<string>
}

export async function talk(t: TestContext, { address }: Worker): Promise<Talk> {
  const socket = connect({ ...address, noDelay: true, allowHalfOpen: true })
  socket.on('error', () => {})
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  let text = ''
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('data', (bytes) => {
    text += bytes
  })
  socket.on('end', () => socket.end())
  return {
    socket,
    async line() {
      while (!text.includes('\n')) {
        if (socket.destroyed) assert.fail(`it ended with '${text}'`)
        await Promise.race([once(socket, 'data'), ended])
      }
      const end = text.indexOf('\n')
      const line = text.slice(0, end)
      text = text.slice(end + 1)
      return line
    },
    async rest() {
      await ended
      return text
    },
  }
}

/** All that a worker says to `bytes`, after which its client ends. */
export async function said(
  t: TestContext,
  worker: Worker,
  bytes: string | Buffer,
): Promise<string> {
  const client = await talk(t, worker)
  client.socket.end(bytes)
  return client.rest()
}

/** A call as a line of JSON-RPC. */
export const call = (id: unknown, method: string, ...params: unknown[]): string =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`

/** Waits until it is so; the time limit of the test is the limit. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setImmediate()
}
