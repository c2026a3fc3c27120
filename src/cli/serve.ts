import type { Log } from '../base/log.ts'
import { exit } from './exit.ts'

/** A program that runs until it is told to stop. */
export interface Served {
  /** Stops gracefully. */
  close(): Promise<unknown>
  /** What a state snapshot shows. */
  view(): unknown
}

const numbers = { SIGINT: 2, SIGTERM: 15 } as const

/**
 * Runs until a signal ends it: the first stops gracefully, a second one stops now.
 *
 * A parent that started this process over IPC and vanished counts as the first signal, so that no
 * process is left behind.
 */
export function serveUntilSignal(served: Served, log: Log): void {
  let isStopping = false
  const stop = (why: string): void => {
    isStopping = true
    log.info('shutdown', `stopping: ${why}; once more to stop at once`, { why })
    served.close().then(
      () => process.exit(exit.done),
      (error: Error) => {
        log.error('shutdown_failed', `cannot stop: ${error.message}`)
        process.exit(exit.failed)
      },
    )
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(128 + numbers[signal])
      stop(signal)
    })
  }
  process.on('disconnect', () => {
    if (!isStopping) stop('the process that started this one is gone')
  })
  process.on('SIGHUP', () =>
    log.warn('reload_rejected', 'nothing to reload: no configuration file'),
  )
  // A listener also keeps Node from opening its debugger's port at this signal.
  process.on('SIGUSR1', () => log.debug('reopen', 'no log files to reopen'))
  process.on('SIGUSR2', () => log.info('snapshot', JSON.stringify(served.view())))
}
