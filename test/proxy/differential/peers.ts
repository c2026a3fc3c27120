import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { proxied } from '../../support/proxied.ts'
import type { Case, Peer } from './observe.ts'

const file = new URL('./http-proxy.mjs', import.meta.url)

/** Only what is broken is waited for so long. */
const patienceMs = 10_000
/** How long something is waited for that is known not to come. */
const hangMs = 400

/** http-proxy in a thread of its own; a new one after a request that has ended it. */
export class HttpProxyPeer implements Peer {
  #worker: Worker | undefined

  async start(_t: unknown, backendPort: number, it: Case): Promise<number> {
    this.#worker ??= this.#create()
    this.#worker.postMessage({ backendPort, xfwd: it.xfwd === true })
    const [port] = await once(this.#worker, 'message')
    return port
  }

  patienceMs({ hangs }: Case): number {
    return hangs ? hangMs : patienceMs
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #create(): Worker {
    const worker = new Worker(file, { execArgv: ['--no-deprecation'] })
    worker.on('error', () => {
      this.#worker = undefined
    })
    return worker
  }
}

export const piloti: Peer = {
  async start(t, backendPort) {
    const { proxy } = await proxied(t, [backendPort], {
      mode: 'http',
      http: { pseudonym: 'piloti' },
    })
    if ('path' in proxy.address) throw new Error('it listens at a path')
    return proxy.address.port
  },
  patienceMs: () => patienceMs,
}
