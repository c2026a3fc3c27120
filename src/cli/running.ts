import type { Admin, AdminOptions, Reloads } from '../admin.ts'
import {
  type BackendEdit,
  type Balancer,
  type BalancerSpec,
  createBalancer,
  merged,
} from '../balancer.ts'
import { type Address, formatAddress } from '../base/address.ts'
import { PilotiError, systemCode } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { type AccessLogOptions, createAccessLog } from '../proxy.ts'
import type { Logger } from './logger.ts'
import type { Served } from './serve.ts'
import { version } from './version.ts'

export interface RunningOptions {
  readonly graceMs: number
  /** Where it is steered. */
  readonly admin: Address | 'off'
  /** Whether somebody asked for that address: then it must be had. */
  readonly isAdminWanted: boolean
  readonly adminToken?: string
  readonly accessLog?: AccessLogOptions
  /** What describes the balancer, if that may change, and how to hear that it has. */
  readonly file?: {
    readonly name: string
    readonly watch: (changed: () => void) => () => void
    /** Writes a change into it. */
    readonly edit?: (edit: BackendEdit) => Promise<void>
  }
}

/** A balancer at work, and how to steer it. */
export interface Running extends Served {
  readonly balancer: Balancer
  /** Where it is steered, if it is. */
  readonly admin?: Address
}

/**
 * Starts what `describe` says, and asks it again at each reload.
 *
 * @throws as `describe` and `createBalancer`; nothing runs then.
 */
export async function startRunning(
  describe: () => Promise<BalancerSpec>,
  options: RunningOptions,
  log: Log | Logger,
): Promise<Running> {
  const { file, graceMs } = options
  const spec = await describe()
  // It takes as long as Node itself to load: nobody is told of a listener that cannot be steered yet.
  const createAdmin =
    options.admin === 'off' ? undefined : (await import('../admin.ts')).createAdmin
  const accessLog = options.accessLog && createAccessLog({ ...options.accessLog, log })
  const more = { log, graceMs, ...(accessLog && { accessLog }) }
  const balancer = await createBalancer(spec, more)
  const reloads: Reloads = { ok: 0, rejected: 0, isLastOk: true }
  const reload = file && reloader(balancer, { first: spec, describe }, reloads, log)
  let admin: Admin | undefined
  try {
    const orders = {
      reloads,
      ...('level' in log && { log }),
      ...(reload && { reload: () => reload('asked to reload') }),
      ...(reload && file.edit && { persist: persister(file.edit, reload) }),
    }
    if (createAdmin !== undefined) {
      const start = (more: AdminOptions): Promise<Admin> => createAdmin(balancer, more)
      admin = await startAdmin(start, options, orders, log)
    }
  } catch (error) {
    await balancer.close(0)
    throw error
  }
  // Whoever did not ask has only the log to hear of it.
  const reloadUnasked = reload && ((why: string): void => void reload(why).catch(() => {}))
  const unwatch = file?.watch(() => reloadUnasked?.(`${file.name} changed`))
  return {
    balancer,
    ...(admin && { admin: admin.address }),
    view: () => balancer.view(),
    ...(reloadUnasked && { reload: reloadUnasked }),
    ...(accessLog && { reopen: () => accessLog.reopen() }),
    async close() {
      unwatch?.()
      // It is still to be seen what the balancer waits for.
      await balancer.close(graceMs)
      await admin?.close()
      await accessLog?.close()
    },
  }
}

type Reload = (why: string) => Promise<readonly string[]>

/** One after the other: two changes of a file at a time would lose one. */
function persister(
  edit: (edit: BackendEdit) => Promise<void>,
  reload: Reload,
): NonNullable<AdminOptions['persist']> {
  let last: Promise<unknown> = Promise.resolve()
  return (wanted) => {
    const done = last.then(async () => {
      await edit(wanted)
      return reload('an order was written into the file')
    })
    last = done.catch(() => {})
    return done
  }
}
type Describe = () => Promise<BalancerSpec>

function reloader(
  balancer: Balancer,
  { first, describe }: { readonly first: BalancerSpec; readonly describe: Describe },
  reloads: Reloads,
  log: Log,
): Reload {
  let before = first
  let turn: Promise<unknown> = Promise.resolve()
  const count = (result: 'ok' | 'rejected'): void => {
    reloads[result]++
    reloads.isLastOk = result === 'ok'
  }
  const reload: Reload = async (why) => {
    let described = before
    try {
      // Read when its turn has come: what is applied last is what is read last.
      const changes = await balancer.apply(async (running) => {
        described = await describe()
        return merged(before, described, running)
      })
      before = described
      count('ok')
      log.info('reload_ok', sentenceOf(changes, why), { changes, why })
      return changes
    } catch (error) {
      const { message } = error as Error
      count('rejected')
      log.error('reload_rejected', `nothing has changed (${why}): ${message}`, { why })
      throw error
    }
  }
  // One after the other: each compares with what the one before has read.
  return (why) => {
    const done = turn.then(() => reload(why))
    turn = done.catch(() => {})
    return done
  }
}

async function startAdmin(
  start: (options: AdminOptions) => Promise<Admin>,
  { admin: address, adminToken: token, isAdminWanted }: RunningOptions,
  more: Pick<AdminOptions, 'log' | 'persist' | 'reload' | 'reloads'>,
  log: Log,
): Promise<Admin | undefined> {
  if (address === 'off') return undefined
  try {
    const options = { address, version: version(), ...more, ...(token && { token }) }
    const admin = await start(options)
    const where = formatAddress(admin.address)
    log.debug('admin', `to be steered at ${where}`, { address: where })
    return admin
  } catch (error) {
    const isTaken = error instanceof PilotiError && systemCode(error.cause) === 'EADDRINUSE'
    if (isAdminWanted || !isTaken) throw error
    // Another piloti has the usual one: that is no reason not to balance.
    log.warn('admin_off', `${error.message}; this piloti cannot be steered (--admin ADDR)`)
    return undefined
  }
}

function sentenceOf(changes: readonly string[], why: string): string {
  if (changes.length === 0) return `reloaded (${why}): nothing is different`
  return `reloaded (${why}): ${changes.join('; ')}`
}
