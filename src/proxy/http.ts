import type { Log } from '../base/log.ts'
import type { Forwarding, ForwardingSettings } from './forwarding.ts'
import { HttpClient } from './http-client.ts'
import { HttpContext } from './http-context.ts'

/** Mode `http`: each request goes to the backend the strategy picks. A lease lasts one exchange. */
export function forwardHttp(log: Log, settings: ForwardingSettings): Forwarding {
  const context = new HttpContext(settings.router, log, { ...settings.http, ...settings })
  return {
    serve: (client) => void new HttpClient(client, context),
    configure: (next) => context.configure({ ...next.http, ...next }, next.router),
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
