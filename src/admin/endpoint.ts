import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { PilotiError } from '../base/errors.ts'

/** What a route is for: the API description is made of it. Routes without it are of the dashboard's page. */
export interface About {
  readonly summary: string
  /** What the body of an order must be. */
  readonly order?: z.ZodType
  /** What is answered: JSON of that form, or another type of content. */
  readonly answer: z.ZodType | string
}

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly about?: About
  }
}

/** One method of one path. */
export interface Endpoint {
  readonly method: string
  readonly path: string
  readonly about: About | undefined
}

/** Every route that is added to `app` from now on, in that order. HEAD goes with GET. */
export function collectEndpoints(app: FastifyInstance): readonly Endpoint[] {
  const endpoints: Endpoint[] = []
  app.addHook('onRoute', ({ config, method, path }) => {
    for (const each of [method].flat()) {
      if (each !== 'HEAD') endpoints.push({ method: each, path, about: config?.about })
    }
  })
  return endpoints
}

/** Answers requests for what there is not: 405 with `Allow`, or 404 with what there is. */
export function refuseUnknown(app: FastifyInstance, endpoints: readonly Endpoint[]): void {
  // Before the body is read: whatever it is, it is for nobody.
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return
    const { method, url } = request
    const path = url.split('?', 1)[0]
    const allowed = endpoints.filter((endpoint) => endpoint.path === path)
    if (allowed.length > 0) {
      const methods = allowed.flatMap((each) => methodsOf(each.method)).join(', ')
      reply.header('allow', methods)
      throw new PilotiError('ADMIN_METHOD', `${method} is nothing for ${path}: ${methods} wanted`)
    }
    throw new PilotiError('ADMIN_UNKNOWN', `nothing at ${method} ${url}: ${known(endpoints)}`)
  })
}

const methodsOf = (method: string): string[] => (method === 'GET' ? ['GET', 'HEAD'] : [method])

/** `GET /status, /metrics …; POST to /drain …` */
function known(endpoints: readonly Endpoint[]): string {
  const of = (wanted: string): string =>
    endpoints
      .filter(({ about, method }) => about !== undefined && method === wanted)
      .map(({ path }) => path)
      .join(', ')
  return `there is GET ${of('GET')}; POST ${of('POST')}`
}
