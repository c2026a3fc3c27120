import { PilotiError } from '../base/errors.ts'
import { suggest } from '../base/suggest.ts'
import { placeOf } from './running-listener.ts'
import type { BalancerSpec } from './spec.ts'

/**
 * Refuses what cannot be put together.
 *
 * @throws PilotiError CONFIG with the first thing that is wrong; a file is told of all (`piloti check`).
 */
export function checkSpec({ listeners, pools }: BalancerSpec): void {
  refuseTwice('pool', pools, ({ name }) => name)
  refuseTwice('listener', listeners, ({ name }) => name)
  refuseTwice('listener at', listeners, placeOf)
  const known = pools.map(({ name }) => name)
  for (const { name, mode, routes } of listeners) {
    if (mode !== 'http' && routes.length !== 1) {
      fail(`listener '${name}' has ${routes.length} routes: mode ${mode} has one`)
    }
    for (const { pool } of routes.flatMap(({ to }) => to)) {
      if (known.includes(pool)) continue
      const nearest = suggest(pool, known)
      const hint = nearest === undefined ? '' : ` (did you mean ${nearest}?)`
      fail(`listener '${name}' names pool '${pool}': one of ${known.join(', ')}${hint}`)
    }
  }
}

function refuseTwice<T>(what: string, items: readonly T[], keyOf: (item: T) => string): void {
  const seen = new Set<string>()
  for (const key of items.map(keyOf)) {
    if (seen.has(key)) fail(`${what} '${key}' is there twice`)
    seen.add(key)
  }
}

function fail(message: string): never {
  throw new PilotiError('CONFIG', message)
}
