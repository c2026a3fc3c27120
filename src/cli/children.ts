import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { relative } from 'node:path'
import { type Address, formatAddress, parseAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { exit } from './exit.ts'

const cli = process.argv[1]!
/** How long a backend may take to stop before it is killed. */
const endTimeoutMs = 5_000

/** One that listens. */
export interface Child {
  readonly address: Address
  readonly pid: number
}

/** What is started. */
export interface ChildKind {
  /** Its command: `backend`. */
  readonly command: readonly string[]
  /** What it is called. */
  readonly name: string
}

/** Backends as processes of their own, so that each can be killed like a real one. */
export interface Children {
  /** In the order they were asked for. */
  readonly all: readonly Child[]
  /** Ends them all and waits until they are gone. */
  close(): Promise<void>
}

/**
 * Starts one for each address. However this process ends, they end with it.
 *
 * @throws PilotiError LISTEN when one cannot listen; the others have been ended then.
 */
export async function startChildren(
  kind: ChildKind,
  wanted: readonly Address[],
  args: readonly string[],
  log: Log,
): Promise<Children> {
  const processes = wanted.map((address) => start(kind, address, args))
  const close = async (): Promise<void> => void (await Promise.all(processes.map(end)))
  // A second signal does not wait for them. Of a kill -9 they hear by the end of their IPC channel.
  process.once('exit', () => {
    for (const child of processes) child.kill('SIGKILL')
  })
  log.debug('starting', `starting ${processes.length} ${kind.name}s`)
  const starts = processes.map((child, index) => listening(kind, child, wanted[index]!))
  try {
    const addresses = await Promise.all(starts)
    const all = processes.map((child, index) => ({ address: addresses[index]!, pid: child.pid! }))
    for (const [index, child] of processes.entries()) watch(kind, child, addresses[index]!, log)
    return { all, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** In a group of its own: Ctrl-C reaches the proxy alone, which ends the backends when it is done. */
function start({ command }: ChildKind, address: Address, args: readonly string[]): ChildProcess {
  return fork(cli, [...command, '--listen', formatAddress(address), ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
}

/** @returns where it listens. */
async function listening(
  { name }: ChildKind,
  child: ChildProcess,
  wanted: Address,
): Promise<Address> {
  const gone = once(child, 'exit').then(([code, signal]) => {
    const what = `the ${name} for ${formatAddress(wanted)} did not start`
    if (code === exit.listen) {
      throw new PilotiError('LISTEN', `${what}: see above; other ports: --first-port`)
    }
    throw new Error(`${what}: it ${howItEnded(code, signal)}`)
  })
  const [message] = await Promise.race([once(child, 'message'), gone])
  return parseAddress(message.address)
}

/** Says when a backend ends by itself, and how to have it back: it is the user's to decide. */
function watch(kind: ChildKind, child: ChildProcess, address: Address, log: Log): void {
  const where = formatAddress(address)
  child.on('exit', (code, signal) => {
    if (code === exit.done) return
    const ended = `${kind.name} ${where} ${howItEnded(code, signal)}`
    const again = `to start it again: ${ownName()} ${kind.command.join(' ')} --listen ${where}`
    log.warn('backend_exit', `${ended}; ${again}`, { backend: where, code, signal })
  })
}

const howItEnded = (code: number | null, signal: NodeJS.Signals | null): string =>
  signal === null ? `ended with code ${code}` : `was killed by ${signal}`

/** How this command was called: it is not always in the PATH. */
export function ownName(): string {
  return cli.endsWith('.js') ? `node ${relative(process.cwd(), cli)}` : 'piloti'
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs)
  await gone
  clearTimeout(timer)
}
