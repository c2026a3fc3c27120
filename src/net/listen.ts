import { statSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
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
 * Lets `server` listen at `address`. A socket file that nobody listens at any more, left by a killed
 * process, is replaced.
 *
 * @returns where it listens: port 0 has become a real one.
 * @throws PilotiError LISTEN when the address cannot be had.
 */
export async function listen(server: Server, address: Address): Promise<Address> {
  try {
    return await bind(server, address)
  } catch (cause) {
    if (
      'path' in address &&
      systemCode(cause) === 'EADDRINUSE' &&
      (await isLeftOver(address.path))
    ) {
      unlinkSync(address.path)
      return listen(server, address)
    }
    throw listenError(address, cause as Error)
  }
}

function bind(server: Server, address: Address): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...address, backlog }, () => {
      server.off('error', reject)
      const bound = server.address()
      resolve(
        bound === null || typeof bound === 'string'
          ? address
          : { host: bound.address, port: bound.port },
      )
    })
  })
}

/** Whether there is a socket file that refuses, so that nobody can be listening at it. */
async function isLeftOver(path: string): Promise<boolean> {
  if (!statSync(path).isSocket()) return false
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.on('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', (error) => resolve(systemCode(error) === 'ECONNREFUSED'))
  })
}

/** What `cause`, thrown by a server that was to listen at `address`, means for the user. */
export function listenError(address: Address, cause: Error): PilotiError {
  const code = systemCode(cause)
  const why = hints[code] ?? code
  return new PilotiError('LISTEN', `cannot listen on ${formatAddress(address)}: ${why}`, { cause })
}
