import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type Balancer, isStrategyFile } from '../balancer.ts'
import { PilotiError } from '../base/errors.ts'
import { addMetrics, type MetricsOptions } from './metrics.ts'
import { add, poolOf, remove, setStrategy, steer } from './orders.ts'

const named = z.strictObject({ backend: z.string(), pool: z.string().optional() })
const weight = z.number().positive().max(1_000_000)
const weighted = named.extend({ weight })
const added = named.extend({
  weight: weight.optional(),
  maxConnections: z.number().int().min(0).max(1_000_000).optional(),
})
const nothing = z.strictObject({})
const strategic = z.strictObject({ strategy: z.string(), pool: z.string().optional() })

/** What there is, for people. */
export const knownRoutes =
  'GET /status and /metrics, and POST to /drain, /ready, /weight, /add, /remove, /strategy or /reload'

export interface RoutesOptions extends MetricsOptions {
  /** Whether who steers may do all that this process may: a strategy file is run. */
  readonly mayRunFiles: boolean
  readonly reload?: (() => Promise<readonly string[]>) | undefined
}

/** The orders of the API: each is a small JSON object, and answers with what is so now. */
export function addRoutes(
  app: FastifyInstance,
  balancer: Balancer,
  { mayRunFiles, reload, ...about }: RoutesOptions,
): void {
  addMetrics(app, balancer, about)
  app.get('/status', () => ({ pid: process.pid, ...balancer.view() }))
  app.post('/drain', (request) => {
    const order = read(named, request.body)
    return steer(balancer, order, (pool, id) => pool.drain(id))
  })
  app.post('/ready', (request) => {
    const order = read(named, request.body)
    return steer(balancer, order, (pool, id) => pool.ready(id))
  })
  app.post('/weight', (request) => {
    const order = read(weighted, request.body)
    return steer(balancer, order, (pool, id) => pool.setWeight(id, order.weight))
  })
  app.post('/add', (request) => add(balancer, read(added, request.body)))
  app.post('/remove', (request) => remove(balancer, read(named, request.body)))
  app.post('/strategy', (request) => {
    const { pool, strategy } = read(strategic, request.body)
    if (isStrategyFile(strategy) && !mayRunFiles) {
      const why = 'a file is run: that takes --admin-token, or --admin unix:/PATH'
      throw new PilotiError(
        'ADMIN_TOKEN',
        `cannot take strategy '${strategy}' from anybody: ${why}`,
      )
    }
    return setStrategy(balancer, poolOf(balancer, pool), strategy)
  })
  app.post('/reload', async (request) => {
    read(nothing, request.body)
    if (reload !== undefined) return { changes: await reload() }
    throw new PilotiError('ADMIN_RELOAD', 'nothing to reload: it was started without a file')
  })
}

/** @throws PilotiError ADMIN_ORDER with all that is wrong. */
function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body ?? {})
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) =>
    [path.join('.'), message].filter((part) => part !== '').join(': '),
  )
  throw new PilotiError('ADMIN_ORDER', `this order makes no sense: ${problems.join('; ')}`)
}
