import type { Log } from '../base/log.ts'
import type { AccessLog } from './access-log.ts'
import type { Forwarding, ForwardingSettings } from './forwarding.ts'
import { HttpClient } from './http-client.ts'
import { HttpContext } from './http-context.ts'
import type { HttpOptions } from './http-options.ts'
import type { HttpTimeouts } from './http-settings.ts'

/** Mode `http`: each request goes to the backend the strategy picks. A lease lasts one exchange. */
export function forwardHttp(
  log: Log,
  settings: ForwardingSettings,
  accessLog?: AccessLog,
): Forwarding {
  const context = new HttpContext(settings.router, log, optionsOf(settings), accessLog)
  return {
    serve: (client) => void new HttpClient(client, context),
    configure: (next) => context.configure(optionsOf(next), next.router),
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

function optionsOf(settings: ForwardingSettings): HttpOptions & HttpTimeouts {
  const { connectTimeoutMs, http, retriesMax } = settings
  return { ...http, connectTimeoutMs, retriesMax }
}
