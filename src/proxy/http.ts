import type { Log } from '../base/log.ts'
import type { Pool } from '../pool/pool.ts'
import type { Forwarding } from './forwarding.ts'
import { HttpClient } from './http-client.ts'
import { HttpContext, type HttpTimeouts } from './http-context.ts'
import type { HttpOptions } from './http-options.ts'

/** Mode `http`: each request goes to the backend the strategy picks. A lease lasts one exchange. */
export function forwardHttp(pool: Pool, log: Log, options: HttpOptions & HttpTimeouts): Forwarding {
  const context = new HttpContext(pool, log, options)
  return {
    serve: (client) => void new HttpClient(client, context),
    get active() {
      return context.clients.size
    },
    view: () => context.view(),
    drain: () => context.drain(),
    abort: () => {
      for (const client of context.clients) client.abort()
    },
  }
}
