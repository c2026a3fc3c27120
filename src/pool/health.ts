import type { Backend, Health } from './backend.ts'

/** @param isProbed whether a backend without a report is not known yet. */
export function healthOf(backend: Readonly<Backend>, isProbed: boolean): Health {
  const { isDraining, load, probed, verdict } = backend
  if (isDraining) return 'draining'
  if (probed.state === 'down') return 'down'
  if (verdict.standing !== 'up') return verdict.standing
  if (load >= 1) return 'overloaded'
  return isProbed && probed.state === 'unknown' ? 'unknown' : 'up'
}

/** Why a backend gets no work, for people; empty while it is up. */
export function reasonOf({ health, load, probed, saysItDrains, verdict }: Backend): string {
  if (health === 'draining') return saysItDrains ? 'it says that it drains' : 'asked to drain'
  if (health === 'unknown') return 'not probed yet'
  if (health === 'overloaded') return `it says that its load is ${load}`
  return probed.state === 'down' ? probed.reason : verdict.reason
}

/** Whether a backend may take work, be it on trial, if it neither drains nor is full. */
export function isWell({ load, probed, verdict }: Readonly<Backend>, isProbed: boolean): boolean {
  if (probed.state === 'down' || (isProbed && probed.state === 'unknown')) return false
  return verdict.mayTakeWork && load < 1
}

export const isNoneUp = (backends: readonly Readonly<Backend>[]): boolean =>
  !backends.some(({ health }) => health === 'up')
