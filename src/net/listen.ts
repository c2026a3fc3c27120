import type { Server } from 'node:net'
import { type Address, formatAddress } from '../base/address.ts'
import { PilotiError, systemCode } from '../base/errors.ts'

const hints: Readonly<Record<string, string>> = {
  EADDRINUSE: 'it is in use: stop what holds it, or choose another address',
  // Node says so too when the folder of a socket file is missing.
  EACCES: 'not allowed: ports below 1024 need privileges, a socket file a folder that exists',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'no such host',
}

/** How many connections may wait to be accepted; the system may allow fewer. */
const backlog = 4_096

/**
 * Lets `server` listen at `address`.
 *
 * @returns where it listens: port 0 has become a real one.
 * @throws PilotiError LISTEN when the address cannot be had.
 */
export function listen(server: Server, address: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: Error): void => reject(listenError(address, cause))
    server.once('error', refuse)
    server.listen({ ...address, backlog }, () => {
      server.off('error', refuse)
      const bound = server.address()
      resolve(
        bound === null || typeof bound === 'string'
          ? address
          : { host: bound.address, port: bound.port },
      )
    })
  })
}

/** What `cause`, thrown by a server that was to listen at `address`, means for the user. */
export function listenError(address: Address, cause: Error): PilotiError {
  const code = systemCode(cause)
  const why = hints[code] ?? code
  return new PilotiError('LISTEN', `cannot listen on ${formatAddress(address)}: ${why}`, { cause })
}
