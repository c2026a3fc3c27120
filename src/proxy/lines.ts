import type { Log } from '../base/log.ts'
import type { AccessLog } from './access-log.ts'
import type { Forwarding, ForwardingSettings } from './forwarding.ts'
import { LinesClient } from './lines-client.ts'
import { LinesContext } from './lines-context.ts'

/** Mode `lines`: each message goes to the backend the strategy picks. A lease lasts a message and its answer. */
export function forwardLines(
  log: Log,
  settings: ForwardingSettings,
  accessLog?: AccessLog,
): Forwarding {
  const context = new LinesContext(log, settings, accessLog)
  return {
    serve(client) {
      new LinesClient(client, context)
    },
    configure: (next) => context.configure(next),
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
