import { readFileSync } from 'node:fs'
import type { Log } from '../base/log.ts'

/** What the process itself needs, and what other listeners, probes and logs may. */
const reserved = 64

const usual = 10_000

/**
 * How many clients may be connected at a time: those asked for, or fewer when the process may not open enough
 * files. Each client may need a second one, for its backend. 0 is no limit, and stays that.
 *
 * @param listeners how many share the files of this process.
 *
 * Only Linux tells (/proc/self/limits); elsewhere it is what was asked for.
 */
export function clientsMax(asked: number | undefined, listeners: number, log: Log): number {
  const wanted = asked ?? usual
  const files = filesMax()
  const possible = Math.max(1, Math.floor((files - reserved) / 2 / listeners))
  if (wanted <= possible) return wanted
  const shared = listeners > 1 ? `, which ${listeners} listeners share` : ''
  const those = `${files} files (ulimit -n)${shared}`
  const why = `this process may open ${those}, and each client needs two`
  const sentence = `${possible} clients may be connected instead of ${wanted}: ${why}`
  const level = asked === undefined ? 'debug' : 'warn'
  log[level]('connections_max_lowered', sentence, { connectionsMax: possible, wanted, files })
  return possible
}

function filesMax(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1')
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}
