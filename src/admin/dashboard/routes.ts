import type { FastifyInstance } from 'fastify'
import type { Balancer } from '../../balancer.ts'
import { addEvents } from '../events.ts'
import type { Maintenance } from '../maintenance.ts'
import type { MetricsOptions } from '../metrics.ts'
import { addAssets } from './assets.ts'

/** Serves the dashboard, and what it shows. */
export function addDashboard(
  app: FastifyInstance,
  balancer: Balancer,
  maintenance: Maintenance,
  about: MetricsOptions,
): void {
  addAssets(app)
  addEvents(app, balancer, maintenance, about)
}
