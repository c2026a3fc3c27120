import type { Backend } from '../pool/backend.ts'
import type { Pool, PoolView } from '../pool/pool.ts'

/** Which backends are held back on purpose, and what for. It goes with the backend. */
export class Maintenance {
  readonly #notes = new WeakMap<Readonly<Backend>, string>()

  /** Lets it finish its work, as `Pool.drain`, and keeps why. @returns false when there is no such backend. */
  begin(pool: Pool, id: string, note: string): boolean {
    const backend = pool.get(id)
    if (backend === undefined) return false
    this.#notes.set(backend, note)
    return pool.drain(id)
  }

  /** Forgets why, if it was. */
  end(pool: Pool, id: string): void {
    const backend = pool.get(id)
    if (backend !== undefined) this.#notes.delete(backend)
  }

  /** A view of `pool`, with what for its backends are held back. */
  view(pool: Pool, view: PoolView = pool.view()): PoolView {
    const backends = view.backends.map((each) => {
      const backend = pool.get(each.id)
      const note = backend?.isAskedToDrain ? this.#notes.get(backend) : undefined
      return note === undefined ? each : { ...each, reason: saying(note) }
    })
    return { ...view, backends }
  }
}

const saying = (note: string): string => (note === '' ? 'maintenance' : `maintenance: ${note}`)
