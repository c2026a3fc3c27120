import type { BackendConnection } from '../http/backend-connection.ts'
import { Relay, type RelayEnd, type RelayObserver } from '../net/relay.ts'
import type { Lease } from '../pool/lease.ts'
import type { HttpClient } from './http-client.ts'
import type { HttpContext } from './http-context.ts'
import { outcomeOf } from './outcomes.ts'

/**
 * Joins client and backend after a 101: from here on bytes are bytes. RFC 9110 7.8
 *
 * The lease goes on until the tunnel ends.
 */
export function openTunnel(
  client: HttpClient,
  connection: BackendConnection,
  lease: Lease,
  { sweep }: HttpContext,
): void {
  const { tunnelIdleTimeoutMs, halfClosedTimeoutMs } = client.settings.options
  const observer: RelayObserver = {
    sent: (bytes) => lease.sent(bytes),
    received: (bytes) => lease.received(bytes),
    ended: (how: RelayEnd) => lease.release(outcomeOf[how], undefined, how),
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
}
