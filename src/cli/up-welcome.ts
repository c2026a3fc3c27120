import { type Address, formatAddress } from '../base/address.ts'
import type { Children } from './children.ts'
import type { Running } from './running.ts'

/** What may be typed next, and what it shows. */
export type Try = readonly [what: string, why: string]

/** Says what is up: `4 backends`, in which mode, and what to try. */
export function welcomeText(
  what: string,
  { balancer }: Running,
  mode: string,
  tries: readonly Try[],
): string {
  const where = formatAddress(balancer.listeners.get('default')!.address)
  const { strategy } = balancer.pools.get('default')!
  const width = Math.max(...tries.map(([what]) => what.length))
  return `
piloti is up: ${what} behind ${where}, strategy ${strategy.name}, mode ${mode}

${tries.map(([what, why]) => `  ${what.padEnd(width)}   ${why}`).join('\n')}

Ctrl-C stops everything.
`
}

/** What can be tried with everything that is up: look at it, and break it. */
export function usualTries({ admin }: Running, { all }: Children, what: string): readonly Try[] {
  const kill: Try = [`kill -9 ${all[0]?.pid}`, `the first ${what} dies: see who takes over`]
  if (admin === undefined || 'path' in admin) return [kill]
  return [[urlOf(admin), 'the dashboard: who gets the work, live'], kill]
}

/** Where a client on this machine finds it. */
export function urlOf(address: Address): string {
  if ('path' in address) return 'http://localhost'
  return `http://${formatAddress(reachable(address))}`
}

/** What listens on any address is found on this machine. */
export function reachable(address: Address): Address {
  if ('path' in address || (address.host !== '0.0.0.0' && address.host !== '::')) return address
  return { ...address, host: 'localhost' }
}
