import type { FastifyInstance } from 'fastify'
import type { Balancer } from '../balancer.ts'
import { PilotiError } from '../base/errors.ts'
import { strategies } from '../strategies/index.ts'
import { latestDecisions } from './dashboard/latest-decisions.ts'
import { stateOf } from './dashboard/state.ts'
import type { Sample, Update } from './dashboard/told.ts'
import { EventsLog } from './events-log.ts'
import { Viewers } from './events-viewers.ts'
import { History, samplesMax } from './history.ts'
import { edgesMs } from './history-bins.ts'
import type { Maintenance } from './maintenance.ts'
import type { MetricsOptions } from './metrics.ts'
import { noReloads } from './metrics-process.ts'

/** A sample each second; in between only what has happened. So there are never more than two messages a second. */
const tickMs = 500
const sampleMs = 2 * tickMs

/**
 * Serves `/events`: what the balancer does, as server-sent events.
 *
 * One sampler works for all viewers, and when there is none: who comes sees the last minutes.
 */
export function addEvents(
  app: FastifyInstance,
  balancer: Balancer,
  maintenance: Maintenance,
  { version = 'unknown', reloads = noReloads }: MetricsOptions,
): void {
  const history = new History(balancer)
  const log = new EventsLog(balancer, reloads)
  const viewers = new Viewers()
  const about = { version, pid: process.pid, strategies: Object.keys(strategies), edgesMs }
  const update = (samples: readonly Sample[], toldNth: number): Update => {
    const happenings = log.since(toldNth)
    const decisions = latestDecisions(balancer)
    return {
      nowMs: Date.now(),
      state: stateOf(balancer, maintenance),
      samples,
      happenings,
      decisions,
    }
  }
  let toldNth = 0
  const ticker = setInterval(
    everySecond((isSecond) => {
      log.look()
      const samples = isSecond ? [history.take(performance.now(), Date.now())] : []
      const isWorthIt = isSecond || log.nth > toldNth
      if (isWorthIt && viewers.count > 0) viewers.tell(message(update(samples, toldNth)))
      toldNth = log.nth
    }),
    tickMs,
  )
  ticker.unref()
  app.addHook('preClose', async () => {
    clearInterval(ticker)
    log.close()
    viewers.close()
  })
  app.get('/events', { config: { about: route } }, (request, reply) => {
    refuseOtherSites(request.headers['sec-fetch-site'])
    if (viewers.isFull) {
      throw new PilotiError('ADMIN_BUSY', `${viewers.count} look already, the most that may`)
    }
    const first = update(history.samples, 0)
    const keptMs = samplesMax * sampleMs
    reply.hijack()
    reply.raw.writeHead(200, headers)
    viewers.add(reply.raw, message({ ...first, about: { ...about, keptMs } }))
  })
}

const route = { summary: 'what happens and what is measured, live', answer: 'text/event-stream' }

const headers = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

const message = (update: Update): string => `data: ${JSON.stringify(update)}\n\n`

/** @returns what runs `tick`, and tells it every second time that a second has passed. */
function everySecond(tick: (isSecond: boolean) => void): () => void {
  let isSecond = false
  return () => {
    isSecond = !isSecond
    tick(isSecond)
  }
}

/** A page of another site may not read this, but could take all places. Browsers tell. */
function refuseOtherSites(site: string | string[] | undefined): void {
  if (site === undefined || site === 'same-origin' || site === 'none') return
  throw new PilotiError('ADMIN_TOKEN', 'a page of another site may not look')
}
