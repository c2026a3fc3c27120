import type { FastifyInstance, FastifyPluginCallback, FastifyReply } from 'fastify'

export interface AgentOptions {
  /** Where it answers; `false` leaves the route to the program, which then calls `app.piloti.report`. */
  readonly path?: string | false
  /** So many requests at a time are all that the program takes; without it they do not count as load. */
  readonly activeMax?: number
  /** What else limits the program: 0 is idle, 1 is too busy for any more work. */
  readonly load?: () => number
}

/** What a balancer is told. */
export interface AgentReport {
  readonly status: 'ok'
  /** The largest of what it is busy with: 0 is idle; 1 and above is too busy for any more work. */
  readonly load: number
  /** Requests that are not answered yet, without the one that asks. */
  readonly active: number
  /** The share of the last half second, or the second, in which the event loop was at work. */
  readonly eventLoopUtilization: number
  readonly draining: boolean
}

export interface Agent {
  /** What there is to tell; puts it also into the headers of `reply`, the answer to whoever asks. */
  report(reply?: FastifyReply): AgentReport
  /** Says from now on that it takes no more work. `close` says so too, but closes before it is heard. */
  drain(): void
}

declare module 'fastify' {
  interface FastifyInstance {
    piloti: Agent
  }
}

const sampleMs = 500
/** A busy event loop slows work down and refuses none, so it never says that it is too busy for any. */
const utilizationMost = 0.95

/** A Fastify plugin: tells a balancer how busy this process is. Register it before the routes it counts. */
export const agent: FastifyPluginCallback<AgentOptions> = Object.assign(plugin, {
  // What it adds is for the whole program, not for a context of its own.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'piloti/agent',
})

function plugin(app: FastifyInstance, options: AgentOptions, done: (error?: Error) => void): void {
  const { path = '/health', activeMax = Number.POSITIVE_INFINITY, load = () => 0 } = options
  if (!(activeMax > 0)) return done(new RangeError(`activeMax is ${activeMax}: above 0 wanted`))
  const utilization = watchUtilization(app)
  let requests = 0
  let draining = false
  app.decorate('piloti', {
    report(reply) {
      const active = Math.max(0, reply === undefined ? requests : requests - 1)
      const eventLoopUtilization = utilization()
      const busy = Math.min(eventLoopUtilization, utilizationMost)
      const most = Math.max(busy, active / activeMax, load())
      const rounded = Math.floor(most * 1_000) / 1_000 // Down: almost too busy is not too busy.
      reply?.headers({ 'cache-control': 'no-store', 'x-piloti-load': `${rounded}` })
      return { status: 'ok', load: rounded, active, eventLoopUtilization, draining }
    },
    drain() {
      draining = true
    },
  })
  app.addHook('onRequest', (_request, reply, next) => {
    requests++
    reply.raw.once('close', () => requests--)
    next()
  })
  app.addHook('preClose', (next) => {
    draining = true
    next()
  })
  if (path !== false) app.get(path, (_request, reply) => reply.send(app.piloti.report(reply)))
  done()
}

/** The share of time at work since the last mark but one, so that however many ask, all get the same. */
function watchUtilization(app: FastifyInstance): () => number {
  let [older, newer] = [performance.eventLoopUtilization(), performance.eventLoopUtilization()]
  const timer = setInterval(() => {
    older = newer
    newer = performance.eventLoopUtilization()
  }, sampleMs).unref()
  app.addHook('onClose', (_app, next) => {
    clearInterval(timer)
    next()
  })
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, older)
    return Number.isFinite(utilization) ? utilization : 0
  }
}
