import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { type Balancer, isStrategyFile } from '../balancer.ts'
import { PilotiError } from '../base/errors.ts'
import type { LogLevel } from '../base/log.ts'
import { shown } from '../base/printable.ts'
import { decisionsOf, decisionsView } from './decisions.ts'
import type { Endpoint } from './endpoint.ts'
import type { Maintenance } from './maintenance.ts'
import { addMetrics, type MetricsOptions } from './metrics.ts'
import { openApiOf } from './openapi.ts'
import { add, type Changed, poolOf, remove, setStrategy, steer } from './orders.ts'
import { type Persist, type Persistent, written } from './persisted.ts'
import { type StrategyView, strategyViews } from './strategies.ts'
import {
  backendView,
  listenersView,
  placedView,
  poolsView,
  statusView,
  versionView,
} from './views.ts'

const backend = z.string().describe('HOST:PORT, :PORT, [IPV6]:PORT or unix:/PATH')
const pool = z.string().optional().describe('which pool, if there are several')
const weight = z.number().positive().max(1_000_000)
const named = z.strictObject({ backend, pool })
const persist = z.boolean().optional().describe('also write it into the configuration file')
const kept = named.extend({ persist })
const noted = named.extend({ note: z.string().max(200).optional().describe('what for') })
const weighted = kept.extend({ weight })
const added = kept.extend({
  weight: weight.optional(),
  maxConnections: z.number().int().min(0).max(1_000_000).optional().describe('0 is no limit'),
})
const nothing = z.strictObject({})
const strategic = z.strictObject({
  strategy: z.string().describe('a name of GET /strategies, or the path of a file'),
  pool,
})
const leveled = z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']) })
const changed: z.ZodType<Changed> = z.strictObject({
  changes: z.array(z.string()).describe('a line each'),
})
const strategyList: z.ZodType<readonly StrategyView[]> = z.array(
  z.strictObject({ name: z.string(), summary: z.string() }),
)
const anything: z.ZodType<object> = z.looseObject({})

/** The log of a process; what is below the level is left out. */
export interface Leveled {
  level: LogLevel
}

export interface RoutesOptions extends MetricsOptions {
  /** Whether who steers may do all that this process may: a strategy file is run. */
  readonly mayRunFiles: boolean
  readonly reload?: (() => Promise<readonly string[]>) | undefined
  readonly persist?: Persist | undefined
  readonly log?: Leveled | undefined
  /** What backends are held back for. */
  readonly maintenance: Maintenance
  /** All routes, once all are added. */
  readonly endpoints: readonly Endpoint[]
}

/** What can be read, and the orders: each is a small JSON object, and answers with what is so now. */
export function addRoutes(app: FastifyInstance, balancer: Balancer, options: RoutesOptions): void {
  addReads(app, balancer, options)
  addMetrics(app, balancer, options)
  addBackendOrders(app, balancer, options)
  addOtherOrders(app, balancer, options)
}

function addReads(
  app: FastifyInstance,
  balancer: Balancer,
  { endpoints, log, maintenance, version = 'unknown' }: RoutesOptions,
): void {
  const get = getter(app)
  const listeners = () => balancer.view().listeners
  const pools = () =>
    Object.fromEntries([...balancer.pools].map(([name, pool]) => [name, maintenance.view(pool)]))
  get('/status', 'listeners and pools: what each does and has done', statusView, () => ({
    pid: process.pid,
    listeners: listeners(),
    pools: pools(),
  }))
  get('/pools', 'the pools by name, with their backends', poolsView, pools)
  get('/backends', 'the backends of all pools', z.array(placedView), () =>
    Object.entries(pools()).flatMap(([pool, { backends }]) =>
      backends.map((backend) => ({ pool, ...backend })),
    ),
  )
  get('/decisions', 'how the latest requests came to their backends', decisionsView, () =>
    decisionsOf(balancer),
  )
  get('/listeners', 'the listeners by name', listenersView, listeners)
  get('/strategies', 'the strategies that /strategy takes by name', strategyList, strategyViews)
  get('/version', 'what runs here', versionView, () => ({
    version,
    node: process.version,
    pid: process.pid,
    uptimeMs: Math.round(process.uptime() * 1_000),
  }))
  get('/log', 'the least that the log shows', leveled, () => ({ level: logOf(log).level }))
  get('/openapi.json', 'this description', anything, () => openApiOf(endpoints, version))
}

function addBackendOrders(
  app: FastifyInstance,
  balancer: Balancer,
  { maintenance, mayRunFiles, persist }: RoutesOptions,
): void {
  const post = poster(app)
  const write = (order: Persistent, edit: Parameters<typeof written>[3]) =>
    written(balancer, persist, order, edit)
  const viewed = (order: z.output<typeof named>, change: Parameters<typeof steer>[2]) =>
    steer(balancer, order, change, (pool) => maintenance.view(pool))
  const finish = 'give a backend no more work; what it has, it finishes'
  post(
    '/drain',
    finish,
    kept,
    backendView,
  )(async (order) => {
    await write(order, { what: 'set', isDraining: true })
    return viewed(order, (pool, id) => {
      maintenance.end(pool, id)
      return pool.drain(id)
    })
  })
  post(
    '/maintenance',
    'the same, and say what for',
    noted,
    backendView,
  )((order) => viewed(order, (pool, id) => maintenance.begin(pool, id, shown(order.note ?? ''))))
  post(
    '/ready',
    'give it work again',
    kept,
    backendView,
  )(async (order) => {
    await write(order, { what: 'set', isDraining: false })
    return viewed(order, (pool, id) => {
      maintenance.end(pool, id)
      return pool.ready(id)
    })
  })
  post(
    '/weight',
    'give it another weight',
    weighted,
    backendView,
  )(async (order) => {
    const { weight } = order
    await write(order, { what: 'set', weight })
    return viewed(order, (pool, id) => pool.setWeight(id, weight))
  })
  post(
    '/add',
    'add a backend, until the configuration says otherwise',
    added,
    changed,
  )(async ({ persist, ...order }) => {
    const { backend, maxConnections, weight } = order
    if (/^unix:/.test(backend.trim()) && !mayRunFiles) {
      refuse(`backend '${backend}'`, 'piloti may open what others may not')
    }
    const changes = await write({ ...order, persist }, { what: 'add', maxConnections, weight })
    return changes === undefined ? add(balancer, order) : { changes }
  })
  post(
    '/remove',
    'take a backend out; what it has, it finishes',
    kept,
    changed,
  )(async (order) => {
    const changes = await write(order, { what: 'remove' })
    return changes === undefined ? remove(balancer, order) : { changes }
  })
}

function addOtherOrders(
  app: FastifyInstance,
  balancer: Balancer,
  { log, mayRunFiles, reload }: RoutesOptions,
): void {
  const post = poster(app)
  post(
    '/strategy',
    'pick in another way; counters are kept',
    strategic,
    changed,
  )((order) => {
    const { pool, strategy } = order
    if (isStrategyFile(strategy) && !mayRunFiles) {
      refuse(`strategy '${strategy}'`, 'a file is run')
    }
    return setStrategy(balancer, poolOf(balancer, pool), strategy)
  })
  post(
    '/reload',
    'read the configuration again',
    nothing,
    changed,
  )(async () => {
    if (reload !== undefined) return { changes: await reload() }
    throw new PilotiError('ADMIN_RELOAD', 'nothing to reload: it was started without a file')
  })
  post(
    '/log',
    'show more or less in the log, until the next start',
    leveled,
    leveled,
  )(({ level }) => {
    logOf(log).level = level
    return { level }
  })
}

/** Adds a route that reads. */
function getter(
  app: FastifyInstance,
): <A>(path: string, summary: string, answer: z.ZodType<A>, handle: () => A) => void {
  return (path, summary, answer, handle) => {
    app.get(path, { config: { about: { summary, answer } } }, handle)
  }
}

/** Adds a route that takes an order. */
function poster(app: FastifyInstance) {
  return <O, A>(path: string, summary: string, order: z.ZodType<O>, answer: z.ZodType<A>) =>
    (handle: (order: O) => A | Promise<A>): void => {
      app.post(path, { config: { about: { summary, order, answer } } }, async (request) =>
        handle(read(order, request.body)),
      )
    }
}

/** @throws PilotiError ADMIN_ORDER when the log is not ours to change. */
function logOf(log: Leveled | undefined): Leveled {
  if (log !== undefined) return log
  throw new PilotiError('ADMIN_ORDER', 'there is no log here whose level could be changed')
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

/** Who has no token may do nothing that only this process may. */
function refuse(what: string, why: string): never {
  const wanted = 'that takes --admin-token, or --admin unix:/PATH'
  throw new PilotiError('ADMIN_TOKEN', `cannot take ${what} from anybody: ${why}: ${wanted}`)
}
