import type { BackendConnection } from '../http/backend-connection.ts'
import { Relay, type RelayEnd, type RelayObserver } from '../net/relay.ts'
import type { HttpClient } from './http-client.ts'
import type { HttpContext } from './http-context.ts'
import type { Tries } from './http-tries.ts'
import { relayEnds } from './notes.ts'
import { outcomeOf } from './outcomes.ts'

/**
 * Passes a 101 on and joins client and backend: from here on bytes are bytes. RFC 9110 7.8
 *
 * The lease of `tries` goes on until the tunnel ends.
 */
export function openTunnel(
  client: HttpClient,
  connection: BackendConnection,
  tries: Tries,
  context: HttpContext,
): void {
  const { heads } = connection
  const { outbox, sweep } = context
  heads.forward()
  outbox.send(client.socket, heads.bytes, heads.at, heads.end, true)
  outbox.flush(client.socket)
  tries.settle()
  const { notes, pool } = tries
  const lease = tries.lease!
  lease.responded(101)
  notes?.answered()
  notes?.keep()
  const { tunnelIdleTimeoutMs, halfClosedTimeoutMs } = client.settings.options
  const observer: RelayObserver = {
    sent(bytes) {
      lease.sent(bytes)
      if (notes !== undefined) notes.requestBytes += bytes
    },
    received(bytes) {
      lease.received(bytes)
      if (notes !== undefined) notes.responseBytes += bytes
    },
    ended(how: RelayEnd) {
      lease.release(outcomeOf[how], undefined, how)
      tries.tell(relayEnds[how], 101)
    },
    closed: () => client.closed(),
  }
  const timeouts = {
    idleTimeoutMs: tunnelIdleTimeoutMs || Number.POSITIVE_INFINITY,
    halfClosedTimeoutMs: halfClosedTimeoutMs || Number.POSITIVE_INFINITY,
  }
  const relay = new Relay(client.socket, connection.inlet, observer, { sweep, ...timeouts })
  const backend = connection.detach()
  const early = client.becomeTunnel(relay)
  if (early.length > 0) backend.write(early)
  relay.start(backend)
  context.served(pool!)
}
