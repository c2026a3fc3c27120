/**
 * A balancer inside one's own Fastify app: a plugin that starts it, logs through the app's logger,
 * answers what it does at /status and whether it can work at /ready, and closes it with the app.
 *
 *     node examples/embed.ts 127.0.0.1:3001 127.0.0.1:3002           (PORT=8080 STATUS_PORT=8081)
 *
 * The balancer has a port of its own and does not go through Fastify: requests cost what they cost
 * in `piloti proxy`, and a route of the app can be slow without anything else being slow.
 */
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { createProxy, createStrategy, type Log, type LogLevel, Pool, parseAddress } from 'piloti'

interface BalancerOptions {
  readonly pool: Pool
  readonly port: number
  /** How long work under way may take when the app closes. */
  readonly graceMs: number
}

async function balancer(app: FastifyInstance, options: BalancerOptions): Promise<void> {
  const { pool, port, graceMs } = options
  const address = { host: '127.0.0.1', port }
  const proxy = await createProxy({ pool, address, log: logTo(app.log) })
  // The balancer first: /status tells how it is getting on until all of its work is done.
  app.addHook('preClose', async () => void (await proxy.close(graceMs)))
  app.get('/status', () => proxy.view())
  app.get('/ready', (_request, reply) => {
    const isReady = pool.view().backends.some(({ health }) => health !== 'down')
    return reply.code(isReady ? 200 : 503).send({ isReady })
  })
}

/** piloti's log lines as lines of the app's logger. */
function logTo(logger: FastifyBaseLogger): Log {
  const at =
    (level: LogLevel): Log[LogLevel] =>
    (event, sentence, fields) =>
      logger[level]({ event, ...fields }, sentence)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const specs = process.argv.slice(2).map((text) => ({ address: parseAddress(text) }))
const pool = new Pool(specs, createStrategy('least-connections'))
const { PORT = '8080', STATUS_PORT = '8081' } = process.env

const app = Fastify({ logger: true })
app.register(balancer, { pool, port: Number(PORT), graceMs: 10_000 })
await app.listen({ host: '127.0.0.1', port: Number(STATUS_PORT) })
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close())
