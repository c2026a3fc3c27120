import { type Command, Option } from 'commander'
import { type Address, formatAddress, parseAddress } from '../base/address.ts'
import { type ChildKind, type Children, ownName } from './children.ts'
import type { ProxyFlags } from './flagged.ts'
import { whole } from './options.ts'
import type { Running } from './running.ts'
import { reachable, type Try, usualTries } from './up-welcome.ts'

/** What `up` takes besides, with --compute. */
export interface ComputeFlags {
  readonly compute?: boolean
  readonly workers: number
}

export function workerKind({ wire }: ProxyFlags): ChildKind {
  const words = wire === 'lines' ? [] : ['--wire', wire]
  return { command: ['compute', 'worker', ...words], name: 'worker' }
}

/** Where they are unless somebody says otherwise; that is where `piloti compute client` looks, too. */
export const usualListen = '127.0.0.1:60002'
/** Above those that Linux gives to outgoing connections. */
export const usualFirstPort = 61_001

export function withComputeOptions(command: Command): Command {
  return command
    .optionsGroup('Compute:')
    .option('--compute', `workers, and mode lines on ${usualListen}, in place of π and http`)
    .addOption(
      new Option('--workers <N>', `how many, on ports ${usualFirstPort} and up`)
        .env('PILOTI_WORKERS')
        .default(3)
        .argParser(whole(1, 256)),
    )
}

/** The flags, with what is usual here where nobody has said anything. */
export function computeFlags<F extends ProxyFlags & { readonly firstPort: number }>(
  flags: F,
  self: Command,
): F {
  const isGiven = (name: string): boolean => self.getOptionValueSource(name) !== 'default'
  if (isGiven('mode') && flags.mode !== 'lines') {
    self.error(`error: --compute is for mode lines, and this is mode ${flags.mode}`)
  }
  if (self.getOptionValueSource('backends') === 'cli') {
    self.error('error: --backends is for π backends: with --compute it is --workers')
  }
  return {
    ...flags,
    mode: 'lines',
    // Tasks are safe to repeat, and a demonstration is there to be watched.
    resend: true,
    activity: true,
    ...(!isGiven('listen') && { listen: parseAddress(usualListen) }),
    ...(!isGiven('firstPort') && { firstPort: usualFirstPort }),
    ...(!isGiven('health') && flags.wire === 'lines' && { health: { kind: 'lines' } }),
  }
}

/** What to type next. */
export function computeTries(running: Running, children: Children): readonly Try[] {
  const { address } = running.balancer.listeners.get('default')!
  const near = reachable(address)
  const where = formatAddress(near)
  const client = `${ownName()} compute client${where === usualListen ? '' : ` ${where}`}`
  return [
    [client, "a prompt: try 'random 200', and 'workers'"],
    [`${client} 'pi 50'`, 'one task, for scripts'],
    ...byHand(near),
    ...usualTries(running, children, 'worker'),
  ]
}

/** The same, with the words of the original system. */
export function originalTries(running: Running, children: Children): readonly Try[] {
  const near = reachable(running.balancer.listeners.get('default')!.address)
  const what = 'two tasks, and leave'
  const tries: Try[] = []
  if (!('path' in near)) {
    tries.push([`printf 'sommadivisioneexit' | nc ${near.host} ${near.port}`, what])
  }
  return [...tries, ...usualTries(running, children, 'worker')]
}

function byHand(address: Address): readonly Try[] {
  if ('path' in address) return []
  const { host, port } = address
  return [[`echo 'sum 3 4' | nc -N ${host} ${port}`, 'from any program']]
}
