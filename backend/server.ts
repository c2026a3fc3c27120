import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import { type AgentReport, agent } from '../src/agent.ts'
import { type CalculatorOptions, createCalculator } from './calculator.ts'
import { Problem, quote } from './problem.ts'
import { addRoutes } from './routes.ts'
import { sendProblem } from './send.ts'
import { createService, fullness, type ServiceOptions, type ServiceView, view } from './service.ts'

export interface BackendOptions extends CalculatorOptions, ServiceOptions {
  readonly host?: string
  /** 0 takes any free port. */
  readonly port?: number
  /** A Unix socket to listen on, instead of host and port. */
  readonly path?: string
  /** How it calls itself in every answer, in printable ASCII. The default is its address. */
  readonly name?: string
  /** How long an idle connection is kept, in milliseconds: longer than a proxy keeps it. */
  readonly keepAliveMs?: number
  /** How long `close()` waits for answers in flight, in milliseconds. */
  readonly graceMs?: number
}

export interface Backend {
  readonly name: string
  /** Empty for a Unix socket, and its port 0. */
  readonly host: string
  readonly port: number
  readonly url: string
  /** What `/health` answers. */
  view(): AgentReport & ServiceView
  /** Stops accepting, lets answers in flight finish for the grace time, and ends the threads. */
  close(): Promise<void>
}

/**
 * Listens, and answers `GET /:digits` with π.
 * @throws RangeError for options out of range; the error of `listen` when the address is taken.
 */
export async function createBackend(options: BackendOptions = {}): Promise<Backend> {
  const { host = '127.0.0.1', port = 5_000, path, keepAliveMs = 72_000, graceMs = 30_000 } = options
  check(options)
  const calculator = createCalculator(options)
  const service = createService(options, calculator)
  const app = Fastify({
    keepAliveTimeout: keepAliveMs,
    forceCloseConnections: 'idle',
    return503OnClosing: false, // What still comes on an open connection is answered, and then it ends.
    routerOptions: { maxParamLength: 16_384 },
    frameworkErrors: (_error, request, reply) => {
      const problem = new Problem('BAD_REQUEST', `cannot decode ${quote(request.url)}`)
      sendProblem(service, request, reply, problem)
    },
  })
  let closing: Promise<void> | undefined
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close')
  })
  app.addHook('onResponse', async () => {
    // An answer whose head was out before `close()` leaves its connection open.
    if (closing) setImmediate(() => app.server.closeIdleConnections())
  })
  try {
    await app.register(agent, { path: false, load: () => fullness(service) })
    addRoutes(app, service)
    await app.listen(path === undefined ? { host, port } : { path })
  } catch (error) {
    await app.close()
    await calculator.close()
    throw error
  }

  async function close(): Promise<void> {
    const timer = setTimeout(() => app.server.closeAllConnections(), graceMs)
    await app.close()
    clearTimeout(timer)
    await calculator.close()
  }

  const bound = app.server.address() as AddressInfo | string
  const at = typeof bound === 'string' ? { host: '', port: 0 } : { host, port: bound.port }
  const authority = `${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`
  service.origin.address = path ?? authority
  service.origin.name = options.name ?? service.origin.address
  return {
    name: service.origin.name,
    ...at,
    url: path === undefined ? `http://${authority}` : `unix:${path}`,
    view: () => ({ ...app.piloti.report(), ...view(service) }),
    close: () => {
      closing ??= close()
      return closing
    },
  }
}

const headerText = /^[\x21-\x7e]+( [\x21-\x7e]+)*$/
const digitsLimitMax = 100_000_000

function check(options: BackendOptions): void {
  const { name, failRate = 0, digitsLimit = 0, latencyMs = 0, jitterMs = 0 } = options
  if (name !== undefined && !headerText.test(name)) {
    throw new RangeError(`backend name ${quote(name)}: printable ASCII wanted`)
  }
  if (!(failRate >= 0 && failRate <= 1)) {
    throw new RangeError(`fail rate ${failRate}: a share from 0 to 1 wanted`)
  }
  if (!Number.isInteger(digitsLimit) || digitsLimit < 0 || digitsLimit > digitsLimitMax) {
    throw new RangeError(`digits limit ${digitsLimit}: a whole number to ${digitsLimitMax} wanted`)
  }
  if (!(latencyMs >= 0 && jitterMs >= 0)) {
    throw new RangeError(`latency ${latencyMs} and jitter ${jitterMs}: milliseconds from 0 wanted`)
  }
}
