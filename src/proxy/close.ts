import type { Server } from 'node:net'
import { longestTimerMs } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Forwarding } from './forwarding.ts'

/**
 * Stops accepting, waits for the work under way, breaks off what is left after `graceMs`.
 *
 * @returns how many connections were broken off.
 */
export async function closeGracefully(
  server: Server,
  forwarding: Forwarding,
  log: Log,
  graceMs: number,
): Promise<number> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  forwarding.drain()
  const waitingFor = forwarding.active
  if (waitingFor > 0) {
    const sentence = `waiting up to ${graceMs / 1_000} s for ${waitingFor} connections to end`
    log.info('drain_start', sentence, { connections: waitingFor, graceMs })
  }
  let broken = 0
  const timer = setTimeout(
    () => {
      broken = forwarding.active
      forwarding.abort()
    },
    Math.min(graceMs, longestTimerMs),
  )
  await closed
  clearTimeout(timer)
  if (waitingFor > 0) log.info('drain_done', `${broken} connections were broken off`, { broken })
  return broken
}

/** Lets go of the pools of a proxy that never came to be, and fails on. */
export function abandon(forwarding: Forwarding): (error: unknown) => never {
  return (error) => {
    forwarding.drain()
    throw error
  }
}
