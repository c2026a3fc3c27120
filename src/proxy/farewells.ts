import type { Transition } from '../pool/transition.ts'

/** After these the idle connections of a backend are of no more use, or keep it from ending. */
export const farewells: ReadonlySet<Transition['event']> = new Set([
  'backend_down',
  'backend_removed',
  'drain_start',
])
