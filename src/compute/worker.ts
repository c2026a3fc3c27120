import { once } from 'node:events'
import type { Server, Socket } from 'node:net'
import type { Wire } from '../codecs/wire.ts'
import { OriginalConnection } from './original.ts'
import { type ClientLimits, WorkerConnection } from './worker-connection.ts'
import type { WorkerService } from './worker-service.ts'

/** The clients of a worker. */
export class WorkerClients {
  readonly #service: WorkerService
  readonly #limits: ClientLimits
  readonly #connections = new Set<WorkerConnection | OriginalConnection>()
  readonly #wire: Wire

  constructor(service: WorkerService, limits: ClientLimits, wire: Wire) {
    this.#service = service
    this.#limits = limits
    this.#wire = wire
  }

  get count(): number {
    return this.#connections.size
  }

  serve(socket: Socket): void {
    socket.on('error', () => {}) // 'close' follows.
    const Connection = this.#wire === 'lines' ? WorkerConnection : OriginalConnection
    const connection = new Connection(socket, this.#service, this.#limits)
    this.#connections.add(connection)
    socket.on('close', () => this.#connections.delete(connection))
  }

  /** Stops accepting, answers what was read, and breaks off what is left after the grace. */
  async close(server: Server, graceMs: number): Promise<void> {
    const closed = once(server, 'close')
    server.close()
    this.#service.isDraining = true
    for (const connection of this.#connections) connection.drain()
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.abort()
    }, graceMs)
    await closed
    clearTimeout(timer)
    await this.#service.threads.close()
  }
}
