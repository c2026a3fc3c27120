import { createServer } from 'node:net'
import { type Address, formatAddress } from './base/address.ts'
import { longestTimerMs } from './base/clock.ts'
import { type Wire, wires } from './codecs/wire.ts'
import {
  type ComputeClient,
  type ComputeClientOptions,
  createComputeClient,
} from './compute/client.ts'
import type { Settled } from './compute/client-call.ts'
import {
  type AnswerError,
  isFault,
  methods,
  type Result,
  readTask,
  type Task,
  textOfResult,
  textOfTask,
} from './compute/protocol.ts'
import { randomTask } from './compute/random-tasks.ts'
import { WorkerClients } from './compute/worker.ts'
import type { ClientLimits } from './compute/worker-connection.ts'
import type { Health } from './compute/worker-request.ts'
import { WorkerService } from './compute/worker-service.ts'
import { listen } from './net/listen.ts'

export type { AnswerError, ComputeClient, ComputeClientOptions, Result, Settled, Task, Wire }
export { createComputeClient, isFault, methods, randomTask, readTask, textOfResult, textOfTask }

export interface WorkerOptions extends Partial<ClientLimits> {
  /** Port 0, the default, takes any free one. */
  readonly address?: Address
  /** What its clients speak; lines by default. The tasks of `original` are its own four. */
  readonly wire?: Wire
  /** How it calls itself in its answers. The default is its address. */
  readonly name?: string
  /** How many long tasks run at once, each on a thread of its own. The default is one for each core. */
  readonly threads?: number
  /** How many long tasks may wait for a thread; 256 by default. */
  readonly queueLimit?: number
  /** How many tasks may sleep at once; 1024 by default. */
  readonly sleepersMax?: number
  /** How many clients may be connected; further ones are closed at once; 1024 by default. */
  readonly connectionsMax?: number
}

export interface WorkerView extends Health {
  readonly name: string
  /** Threads at work. */
  readonly computing: number
  /** Tasks that wait for a thread. */
  readonly queued: number
  readonly threads: number
  readonly queueLimit: number
  readonly connections: number
  /** Messages answered so far: with a result, and with an error. */
  readonly answers: { readonly ok: number; readonly failed: number }
}

export interface Worker {
  readonly name: string
  /** Where it listens. */
  readonly address: Address
  /** What the method `health` answers, and more. */
  view(): WorkerView
  /** Says from now on that it takes no more work, and goes on; `close` is heard by nobody before it is done. */
  drain(): void
  /** Accepts no more, answers what it has read, and breaks off what outlasts the grace; ends the threads. */
  close(graceMs?: number): Promise<void>
}

const limitDefaults: ClientLimits = {
  messageLimitBytes: 65_536,
  outstandingMax: 1_024,
  unreadMaxBytes: 1_048_576,
  writeTimeoutMs: 30_000,
}

/**
 * Listens, and does the tasks that come as lines.
 *
 * @throws PilotiError LISTEN when the address cannot be had; RangeError for an option out of range.
 */
export async function createWorker(options: WorkerOptions = {}): Promise<Worker> {
  check(options)
  const { address = { host: '127.0.0.1', port: 0 }, threads, queueLimit } = options
  const { sleepersMax = 1_024, connectionsMax = 1_024, wire = 'lines' } = options
  // Piscina takes a while to load, and a client has no need of it.
  const { Threads } = await import('./compute/threads.ts')
  const service = new WorkerService(new Threads(threads, queueLimit), sleepersMax)
  const clients = new WorkerClients(service, { ...limitDefaults, ...given(options) }, wire)
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    clients.serve(socket),
  )
  server.maxConnections = connectionsMax
  const bound = await listen(server, address).catch(async (error: unknown) => {
    await service.threads.close()
    throw error
  })
  server.on('error', () => {}) // The system is out of sockets: clients wait, or are refused.
  service.name = options.name ?? formatAddress(bound)
  let closing: Promise<void> | undefined

  return {
    name: service.name,
    address: bound,
    view() {
      const { name, answers } = service
      const { busy: computing, queued, most, queueLimit } = service.threads
      const load = { computing, queued, threads: most, queueLimit, connections: clients.count }
      return { ...service.health(), name, ...load, answers: { ...answers } }
    },
    drain() {
      service.isDraining = true
    },
    close(graceMs = 30_000) {
      closing ??= clients.close(server, Math.min(graceMs, longestTimerMs))
      return closing
    },
  }
}

/** The limits that are given, without those that are `undefined`. */
function given(options: WorkerOptions): Partial<ClientLimits> {
  const names = Object.keys(limitDefaults) as (keyof ClientLimits)[]
  return Object.fromEntries(
    names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  )
}

function check(options: WorkerOptions): void {
  if (!wires.includes(options.wire ?? 'lines')) {
    throw new RangeError(`wire is '${options.wire}': one of ${wires.join(', ')} wanted`)
  }
  const least = { threads: 1, queueLimit: 0, sleepersMax: 1, connectionsMax: 1 }
  const limits = { messageLimitBytes: 1, outstandingMax: 1, unreadMaxBytes: 0, writeTimeoutMs: 1 }
  for (const [name, from] of Object.entries({ ...least, ...limits })) {
    const value = options[name as keyof WorkerOptions]
    if (value === undefined) continue
    if (Number.isInteger(value) && Number(value) >= from && Number(value) <= longestTimerMs)
      continue
    throw new RangeError(`${name} is ${value}: a whole number from ${from} wanted`)
  }
}
