import type { Socket } from 'node:net'
import { type ErrorCode, PilotiError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { Slots } from '../base/slots.ts'
import type { RelayOptions } from '../net/relay.ts'
import { Sweep } from '../net/sweep.ts'
import { attemptEach, type Work } from '../pool/attempt.ts'
import type { Pool } from '../pool/pool.ts'
import type { AccessLog } from './access-log.ts'
import { networkOf } from './affinity-keys.ts'
import type { Forwarding, ForwardingSettings } from './forwarding.ts'
import { Outage } from './outage.ts'
import type { Destination } from './routes.ts'
import { TcpConnection, type TcpConnections } from './tcp-connection.ts'
import { TcpRecord } from './tcp-record.ts'

/** What mode `tcp` counts. */
export interface TcpView {
  /** Tries after the first one of a connection. */
  readonly retries: number
  /** Clients that were turned away, by error code. */
  readonly errors: Readonly<Partial<Record<ErrorCode, number>>>
}

/** Mode `tcp`: a connection goes to one backend and stays there. A lease lasts the connection. */
export function forwardTcp(
  log: Log,
  settings: ForwardingSettings,
  accessLog?: AccessLog,
): Forwarding {
  const sweep = new Sweep()
  const outage = new Outage(log)
  const connections: TcpConnections = new Slots('slot')
  const errors: Partial<Record<ErrorCode, number>> = {}
  let retries = 0
  let current = settings
  let relayOptions = relayOptionsOf(settings, sweep)

  return {
    serve(client) {
      const { connectTimeoutMs, retriesMax, router } = current
      const { destination } = router.only!
      const { pool } = destination
      const key = keyOf(destination, client)
      const record = new TcpRecord({ accessLog, client, destination, key })
      const connection = new TcpConnection(record, relayOptions, connections)
      const connect: Work = (lease, fail) =>
        connection.dial(lease, { sweep, connectTimeoutMs }, () => outage.over(), fail)
      const giveUp = (error: PilotiError): void => {
        connection.giveUp(error.code.toLowerCase())
        errors[error.code] = (errors[error.code] ?? 0) + 1
        outage.refuse(error)
      }
      const onWait = (leave: () => void): void =>
        connection.wait(pool.queueTimeoutMs, (isLate) => {
          leave()
          if (isLate) giveUp(waitedInVain(pool))
          else connection.giveUp('client_gone')
        })
      const onRetry = ({ message }: PilotiError): void => {
        retries++
        log.debug('retry', message)
        record.again()
      }
      attemptEach(pool, key, connect, giveUp, { retriesMax, onRetry, onWait })
    },
    configure(next) {
      current = next
      relayOptions = relayOptionsOf(next, sweep)
    },
    get active() {
      return connections.size
    },
    view: (): TcpView => ({ retries, errors: { ...errors } }),
    // Whether a byte stream waits for more work cannot be seen from outside.
    drain: () => {},
    abort: () => {
      for (const connection of connections) connection.abort()
    },
  }
}

function relayOptionsOf({ idleTimeoutMs }: ForwardingSettings, sweep: Sweep): RelayOptions {
  return { sweep, idleTimeoutMs, halfClosedTimeoutMs: idleTimeoutMs }
}

/** Asking for a client's address is a system call. */
function keyOf({ affinity, pool }: Destination, client: Socket): string {
  if (!pool.usesKey) return ''
  const { remoteAddress = '' } = client
  return affinity === undefined ? remoteAddress : networkOf(remoteAddress)
}

function waitedInVain(pool: Pool): PilotiError {
  const text = `no backend had room within ${pool.queueTimeoutMs} ms: ${pool.why()}`
  return new PilotiError('BACKENDS_FULL', text)
}
