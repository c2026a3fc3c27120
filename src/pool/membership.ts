import { formatAddress } from '../base/address.ts'
import { PilotiError } from '../base/errors.ts'
import { type Backend, type BackendSpec, checkSpec, complete, type WholeSpec } from './backend.ts'

/** One thing that is different between what a pool has and what it should have. */
export interface Change {
  readonly what: 'added' | 'removed' | 'weight' | 'limit' | 'draining' | 'ready'
  readonly id: string
  readonly from?: number
  readonly to?: number
}

/** What there should be, by id. */
export type Wanted = ReadonlyMap<string, WholeSpec>

/**
 * Completes and checks what a pool is to have.
 *
 * @throws PilotiError ADDRESS when two specs have the same address, RangeError as `checkSpec`.
 */
export function wantedOf(specs: readonly BackendSpec[]): Wanted {
  const wanted = new Map<string, WholeSpec>()
  for (const spec of specs) {
    const id = formatAddress(spec.address)
    if (wanted.has(id)) throw new PilotiError('ADDRESS', `backend ${id} is named twice`)
    const whole = complete(spec)
    checkSpec(whole)
    wanted.set(id, whole)
  }
  return wanted
}

/**
 * What must change for a pool of `backends` to be as wanted.
 *
 * Compared with the specs of before: what was set by hand meanwhile stays, where the spec is the same.
 *
 * @param limit the `maxConnections` of those that do not say otherwise.
 */
export function changesTo(backends: readonly Backend[], wanted: Wanted, limit: number): Change[] {
  const known = new Set(backends.map(({ id }) => id))
  const isOn = new Set(wanted.keys())
  return [
    ...[...isOn].filter((id) => !known.has(id)).map((id) => ({ what: 'added', id }) as const),
    ...[...known].filter((id) => !isOn.has(id)).map((id) => ({ what: 'removed', id }) as const),
    ...backends.flatMap((backend) => {
      const spec = wanted.get(backend.id)
      return spec === undefined ? [] : changesOf(backend, spec, limit)
    }),
  ]
}

function changesOf(backend: Backend, spec: WholeSpec, limit: number): Change[] {
  const { id, isAskedToDrain, fullWeight, maxConnections } = backend
  const next = merged(backend, spec, limit)
  const changes: Change[] = []
  if (next.weight !== fullWeight) {
    changes.push({ what: 'weight', id, from: fullWeight, to: next.weight })
  }
  if (next.maxConnections !== maxConnections) {
    changes.push({ what: 'limit', id, from: maxConnections, to: next.maxConnections })
  }
  if (next.isDraining !== isAskedToDrain) {
    changes.push({ what: next.isDraining ? 'draining' : 'ready', id })
  }
  return changes
}

/** Gives a backend what is different between the spec of before and this one; `limit` as above. */
export function follow(backend: Backend, spec: WholeSpec, limit: number): void {
  const { weight, maxConnections, isDraining } = merged(backend, spec, limit)
  backend.fullWeight = weight
  backend.maxConnections = maxConnections
  backend.isAskedToDrain = isDraining
  backend.spec = spec
}

/** What a backend is to have now: where the new spec says what the old one said, what it has stays. */
function merged(backend: Backend, spec: WholeSpec, limit: number): Required<WholeSpec> {
  const { fullWeight, isAskedToDrain, spec: before } = backend
  return {
    address: spec.address,
    weight: spec.weight === before.weight ? fullWeight : spec.weight,
    maxConnections: spec.maxConnections ?? limit,
    isDraining: spec.isDraining === before.isDraining ? isAskedToDrain : spec.isDraining,
  }
}
