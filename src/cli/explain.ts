import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { PilotiError, systemCode } from '../base/errors.ts'
import { printable } from '../base/printable.ts'

/** What a user reads of an error: what and why, and what next where we know it. */
export function explain(error: unknown, isVerbose: boolean): string {
  if (!(error instanceof Error)) return `piloti: ${error}\n`
  const text = isVerbose ? (error.stack ?? error.message) : error.message
  return `piloti: ${text}\n${hint(error)}`
}

function hint(error: Error): string {
  if (!(error instanceof PilotiError) || error.code !== 'LISTEN') return ''
  if (systemCode(error.cause) !== 'EADDRINUSE') return ''
  const port = portOf(error.cause)
  return port === undefined ? '' : `  ${whoHolds(port)}\n`
}

function portOf(cause: unknown): number | undefined {
  const { port } = cause as { port?: unknown }
  return typeof port === 'number' && port > 0 ? port : undefined
}

/** Names the process that listens on `port`, where the system lets us see it, or says how to find it. */
function whoHolds(port: number): string {
  try {
    const pid = listener(port)
    if (pid !== undefined) return `process ${pid} holds port ${port}: ${commandLine(pid)}`
  } catch {
    // Not Linux: there is no /proc to look at.
  }
  return `to see who holds port ${port}: lsof -nP -iTCP:${port} -sTCP:LISTEN`
}

const commandLengthMax = 100

/** A socket that listens, in the state column of /proc/net/tcp. */
const listening = '0A'

function listener(port: number): string | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const sockets = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readFileSync(table, 'utf8').split('\n')) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/)
      if (local?.endsWith(suffix) && state === listening) sockets.add(`socket:[${inode}]`)
    }
  }
  return readdirSync('/proc').find((name) => /^\d+$/.test(name) && holds(name, sockets))
}

function holds(pid: string, sockets: ReadonlySet<string>): boolean {
  try {
    const folder = `/proc/${pid}/fd`
    return readdirSync(folder).some((fd) => sockets.has(linkOf(`${folder}/${fd}`)))
  } catch {
    return false // Somebody else's, or gone meanwhile.
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function commandLine(pid: string): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  return printable(words.join(' ').trim()).slice(0, commandLengthMax)
}
