import { closeSync, openSync } from 'node:fs'
import type { Log } from '../base/log.ts'
import { exit } from './exit.ts'

/** A program that runs until it is told to stop. */
export interface Served {
  /** Stops gracefully. */
  close(): Promise<unknown>
  /** What a state snapshot shows. */
  view(): unknown
  /** Reads what describes it again; tells the log how that went. Absent when nothing does. */
  reload?(why: string): void
  /** Opens its log files by their names again. Absent when it has none. */
  reopen?(): void
}

const numbers = { SIGINT: 2, SIGTERM: 15 } as const

/**
 * Starts a program and runs it until a signal ends it: the first one stops it gracefully, also while
 * it is still starting, a second one stops it now.
 *
 * A parent that started this process over IPC and vanished counts as the first signal, so that no
 * process is left behind; so does a terminal that is closed. What nobody catches is logged and ends it with 1.
 *
 * @throws what `start` throws.
 */
export async function serve(start: () => Promise<Served>, log: Log): Promise<void> {
  let served: Served | undefined
  let isStopping = false
  let leave = (): void => process.exit(exit.done)
  const stop = (why: string): void => {
    if (isStopping) return
    isStopping = true
    log.info('shutdown', `stopping: ${why}; once more to stop at once`, { why })
    if (served !== undefined) end(served, log, leave)
  }
  const orphaned = (): void => stop('the process that started this one is gone')

  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (reason: unknown) => crash(reason, log))
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(128 + numbers[signal])
      stop(signal)
    })
  }
  process.on('SIGHUP', () => {
    if (process.stderr.isTTY && !hasTerminal()) {
      leave = hangUp
      stop('the terminal is gone')
    } else if (served?.reload !== undefined) served.reload('SIGHUP')
    else log.warn('reload_rejected', 'nothing to reload: no configuration file')
  })
  // A listener also keeps Node from opening its debugger's port at this signal.
  process.on('SIGUSR1', () => {
    if (served?.reopen !== undefined) served.reopen()
    else log.debug('reopen', 'no log files to reopen')
  })
  process.on('SIGUSR2', () => {
    const state = served?.view()
    // As a sentence too: what is written for people shows no fields.
    log.info('snapshot', `state: ${JSON.stringify(state)}`, { state })
  })
  process.on('disconnect', orphaned)
  if (process.send !== undefined && !process.connected) orphaned()

  try {
    served = await start()
  } catch (error) {
    process.off('disconnect', orphaned) // It would keep the process alive.
    throw error
  }
  if (isStopping) end(served, log, leave)
}

/** A timer of a strategy file may throw, or we have a bug: one line says so, as of all else. */
function crash(reason: unknown, log: Log): never {
  const { message, stack } = reason instanceof Error ? reason : new Error(String(reason))
  log.error('crashed', `nobody caught: ${message}`, { stack })
  process.exit(exit.failed)
}

function end(served: Served, log: Log, leave: () => void): void {
  served.close().then(leave, (error: Error) => {
    log.error('shutdown_failed', `cannot stop: ${error.message}`)
    process.exit(exit.failed)
  })
}

/** Ends as the signal would have. Node 20 crashes on its way out when its terminal is gone. */
function hangUp(): void {
  process.removeAllListeners('SIGHUP')
  process.kill(process.pid, 'SIGHUP')
}

/** Whether the terminal this was started on is still there. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
