import { connect } from 'node:net'
import { atEachAddress, failure } from './failure.ts'
import type { Finding, Probe } from './probe.ts'

const well: Finding = { isWell: true, reason: '', hasAnswered: false }

/**
 * Connects, and closes at once. It says that somebody listens, not that somebody works: the system
 * accepts also for a process that hangs.
 */
export const probeTcp: Probe = (address, timeoutMs, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined) // Node would leak the socket.
    const socket = connect({ ...address, ...atEachAddress(timeoutMs), signal })
    const timer = setTimeout(() => {
      resolve({ ...well, isWell: false, reason: `no connection within ${timeoutMs} ms` })
      socket.destroy()
    }, timeoutMs)
    socket.on('error', (error) => resolve(failure(error)))
    socket.on('close', () => clearTimeout(timer))
    socket.on('connect', () => {
      resolve(well)
      // What a backend says first is read until it closes too: to close on it unread is a reset.
      socket.resume().end()
    })
  })
