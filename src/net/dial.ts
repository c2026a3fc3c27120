import { connect, type OnReadOpts, type Socket } from 'node:net'
import { type Address, formatAddress } from '../base/address.ts'
import { longestTimerMs } from '../base/clock.ts'
import { PilotiError, systemCode } from '../base/errors.ts'
import type { Expiring, Sweep } from './sweep.ts'

/** Our own shortage: another backend would not help, and no backend is to blame. */
export const shortages: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])

export interface DialOptions {
  readonly sweep: Sweep
  /** How long a backend may take to accept. */
  readonly connectTimeoutMs: number
  /** Reads into buffers of our choice instead of emitting `data`. */
  readonly onread: OnReadOpts
}

/**
 * Connects to a backend, half-open allowed.
 *
 * An error that comes later destroys the socket and is not thrown; whoever cares listens for it.
 *
 * @throws PilotiError BACKEND_CONNECT, BACKEND_CONNECT_TIMEOUT or OUT_OF_SOCKETS.
 */
export function dial(address: Address, options: DialOptions): Promise<Socket> {
  return new Promise((resolve, reject) => dialThen(address, options, resolve, reject))
}

/** The same without a promise, for what happens thousands of times a second. */
export function dialThen(
  address: Address,
  options: DialOptions,
  connected: (socket: Socket) => void,
  failed: (error: PilotiError) => void,
): void {
  new Dial(address, options, connected, failed)
}

class Dial implements Expiring {
  deadlineMs: number
  sweepSlot = -1
  readonly #address: Address
  readonly #options: DialOptions
  readonly #socket: Socket
  #isSettled = false
  readonly #reject: (error: PilotiError) => void

  constructor(
    address: Address,
    options: DialOptions,
    resolve: (socket: Socket) => void,
    reject: (error: PilotiError) => void,
  ) {
    const { connectTimeoutMs, onread, sweep } = options
    this.#address = address
    this.#options = options
    this.#reject = reject
    // A name with several addresses: each in turn. Node gives up on one after 250 ms, which is a slow handshake.
    const halfMs = Math.max(250, Math.ceil(connectTimeoutMs / 2))
    const autoSelectFamilyAttemptTimeout = Math.min(halfMs, longestTimerMs)
    const names = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout }
    const socket = connect({ ...address, ...names, onread, allowHalfOpen: true })
    this.#socket = socket
    sweep.add(this)
    // Not earlier: the time of a sweep that watched nothing is an old one.
    this.deadlineMs = sweep.nowMs + connectTimeoutMs
    // It stays: whatever comes later, an error always has a listener.
    socket.on('error', (cause) => {
      if (this.#settle()) reject(classify(address, cause))
    })
    socket.once('connect', () => {
      if (this.#settle()) resolve(socket)
    })
  }

  expire(): void {
    const { connectTimeoutMs } = this.#options
    const text = `connect to ${formatAddress(this.#address)} timed out after ${connectTimeoutMs} ms`
    this.#settle()
    this.#reject(new PilotiError('BACKEND_CONNECT_TIMEOUT', text))
    this.#socket.destroy()
  }

  /** @returns whether the dial was still open until now. */
  #settle(): boolean {
    const wasOpen = !this.#isSettled
    this.#isSettled = true
    this.#options.sweep.delete(this)
    return wasOpen
  }
}

function classify(address: Address, cause: Error): PilotiError {
  const code = systemCode(cause)
  const text = `connect to ${formatAddress(address)} failed: ${code}`
  if (shortages.has(code)) return new PilotiError('OUT_OF_SOCKETS', text, { cause })
  const isTimeout = code === 'ETIMEDOUT'
  return new PilotiError(isTimeout ? 'BACKEND_CONNECT_TIMEOUT' : 'BACKEND_CONNECT', text, { cause })
}
