import { formatAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import type { Backend, BackendSpec } from './backend.ts'

/** One thing that is different between what a pool has and what it should have. */
export interface Change {
  readonly what: 'added' | 'removed' | 'weight' | 'limit' | 'draining' | 'ready'
  readonly id: string
  readonly from?: number
  readonly to?: number
}

/**
 * What must change for a pool of `backends` to be as `specs` say.
 *
 * Compared with the specs of before: what was set by hand meanwhile stays, where the spec is the same.
 *
 * @throws PilotiError ADDRESS when two specs have the same address.
 */
export function changesTo(backends: readonly Backend[], specs: readonly BackendSpec[]): Change[] {
  const wanted = new Map(specs.map((spec) => [formatAddress(spec.address), spec]))
  if (wanted.size < specs.length) refuseDoubles(specs)
  const known = new Map(backends.map((backend) => [backend.id, backend]))
  return [
    ...[...wanted.keys()]
      .filter((id) => !known.has(id))
      .map((id) => ({ what: 'added', id }) as const),
    ...[...known.keys()]
      .filter((id) => !wanted.has(id))
      .map((id) => ({ what: 'removed', id }) as const),
    ...backends.flatMap((backend) => {
      const spec = wanted.get(backend.id)
      return spec === undefined ? [] : changesOf(backend, spec)
    }),
  ]
}

function changesOf(backend: Backend, spec: BackendSpec): Change[] {
  const { id, spec: before } = backend
  const changes: Change[] = []
  const change = (what: Change['what'], from?: number, to?: number): void => {
    changes.push({ what, id, ...(from !== undefined && { from }), ...(to !== undefined && { to }) })
  }
  const [weight, limit] = [spec.weight ?? 1, spec.maxConnections]
  if (weight !== (before.weight ?? 1)) change('weight', backend.fullWeight, weight)
  if (limit !== before.maxConnections) change('limit', before.maxConnections ?? 0, limit ?? 0)
  const isDraining = spec.isDraining === true
  if (isDraining !== (before.isDraining === true)) change(isDraining ? 'draining' : 'ready')
  return changes
}

export function refuseDoubles(specs: readonly BackendSpec[]): void {
  const seen = new Set<string>()
  for (const { address } of specs) {
    const id = formatAddress(address)
    if (seen.has(id)) throw new PilotiError('ADDRESS', `backend ${id} is named twice`)
    seen.add(id)
  }
}
