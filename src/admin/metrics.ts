import type { FastifyInstance } from 'fastify'
import type { Balancer } from '../balancer.ts'
import { contentType, Exposition } from '../metrics/exposition.ts'
import { watchLag } from './metrics-lag.ts'
import { writeListeners } from './metrics-listeners.ts'
import { writePools } from './metrics-pools.ts'
import { noReloads, type Reloads, writeProcess, writeReloads } from './metrics-process.ts'

/** What the metrics tell besides what the balancer does. */
export interface MetricsOptions {
  readonly version?: string | undefined
  readonly reloads?: Readonly<Reloads> | undefined
}

const about = { summary: 'every counter, for Prometheus', answer: 'text/plain' }

/** Serves `/metrics`: every counter, read when somebody asks. */
export function addMetrics(
  app: FastifyInstance,
  balancer: Balancer,
  { version = 'unknown', reloads = noReloads }: MetricsOptions,
): void {
  const { lags, stop } = watchLag()
  app.addHook('onClose', async () => stop())
  app.get('/metrics', { config: { about } }, (_request, reply) => {
    const page = new Exposition()
    writePools(page, balancer)
    writeListeners(page, balancer.view().listeners)
    writeReloads(page, reloads)
    writeProcess(page, version, lags)
    return reply.type(contentType).send(page.text())
  })
}
