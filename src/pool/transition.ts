import type { Backend } from './backend.ts'

/** A change in a pool, told once, when it happens. */
export interface Transition {
  readonly event:
    | 'backend_up'
    | 'backend_down'
    | 'backend_ejected'
    | 'backend_added'
    /** It is no longer in the pool, and has finished its work. */
    | 'backend_removed'
    | 'drain_start'
    /** It holds no more work. */
    | 'drain_done'
    /** No backend is up: all that do not drain may take work. */
    | 'fail_open'
    | 'fail_open_over'
  /** Not in `fail_open` and `fail_open_over`. */
  readonly backend?: Readonly<Backend>
  /** Why, for people; empty where there is nothing to say. */
  readonly reason: string
}
