import { connect, type OnReadOpts, type Socket } from 'node:net'
import { type Address, formatAddress } from '../base/address.ts'
import { PilotiError, systemCode } from '../base/errors.ts'

/** How long a connection is silent before the system asks whether the other side still exists. */
const keepAliveDelayMs = 60_000

/** Our own shortage: another backend would not help, and no backend is to blame. */
const shortages = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL'])

export interface DialOptions {
  /** How long a backend may take to accept. */
  readonly connectTimeoutMs: number
  /** Reads into buffers of our choice instead of emitting `data`. */
  readonly onread: OnReadOpts
}

const ignore = (): void => {}

/**
 * Connects to a backend: no delay, keep-alive, half-open allowed.
 *
 * An error that comes later destroys the socket and is not thrown; whoever cares listens for it.
 *
 * @throws PilotiError BACKEND_CONNECT, BACKEND_CONNECT_TIMEOUT or OUT_OF_SOCKETS.
 */
export function dial(address: Address, options: DialOptions): Promise<Socket> {
  const { connectTimeoutMs, onread } = options
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...address,
      onread,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
      allowHalfOpen: true,
      // Node's attempt timer of 250 ms would turn a slow handshake into a failure.
      autoSelectFamily: false,
    })
    const settle = (): void => {
      clearTimeout(timer)
      socket.off('error', fail)
      socket.off('connect', succeed)
    }
    const fail = (cause: Error): void => {
      settle()
      reject(classify(address, cause))
    }
    const succeed = (): void => {
      settle()
      resolve(socket)
    }
    const timer = setTimeout(() => {
      settle()
      socket.destroy()
      const text = `connect to ${formatAddress(address)} timed out after ${connectTimeoutMs} ms`
      reject(new PilotiError('BACKEND_CONNECT_TIMEOUT', text))
    }, connectTimeoutMs)
    socket.on('error', ignore)
    socket.on('error', fail)
    socket.on('connect', succeed)
  })
}

function classify(address: Address, cause: Error): PilotiError {
  const code = systemCode(cause)
  const text = `connect to ${formatAddress(address)} failed: ${code}`
  if (shortages.has(code)) return new PilotiError('OUT_OF_SOCKETS', text, { cause })
  const isTimeout = code === 'ETIMEDOUT'
  return new PilotiError(isTimeout ? 'BACKEND_CONNECT_TIMEOUT' : 'BACKEND_CONNECT', text, { cause })
}
