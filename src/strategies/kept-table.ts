import type { Candidates } from '../pool/strategy.ts'

/** Who a table was built for. */
export interface Member {
  readonly id: string
  readonly weight: number
}

/** So many picks in a row from few of many members pay for a smaller table. */
const sparsePicksMax = 10_000

/**
 * A table that costs much to build, kept while candidates come and go.
 *
 * It knows members that cannot take work now, so that nothing is built when they are down, full or tried
 * already, and when they come back. It is built anew when a candidate is new or has another full weight,
 * or when most members have been gone for many picks. It forgets members when more are gone than there.
 */
export class KeptTable<Table> {
  readonly #build: (members: readonly Member[]) => Table
  #table: Table
  #members: readonly Member[] = []
  #placeOf: ReadonlyMap<string, number> = new Map()
  #candidates: Candidates | undefined
  #where = new Int32Array(0)
  #isSparse = false
  #sparsePicks = 0

  /** @param build gets the members by id in order: balancers that list them otherwise agree. */
  constructor(build: (members: readonly Member[]) => Table) {
    this.#build = build
    this.#table = build([])
  }

  /** Who the table is for, whether they are there now or not. */
  get size(): number {
    return this.#members.length
  }

  /** For each member of the table its place among the candidates followed last; −1 for none. */
  get where(): Int32Array {
    return this.#where
  }

  /** The table for these candidates. O(1) for the array followed last, O(n) for another. */
  follow(candidates: Candidates): Table {
    if (candidates !== this.#candidates) {
      if (!this.#find(candidates)) this.#rebuild(candidates, this.#gone(candidates))
      this.#candidates = candidates
    }
    if (this.#isSparse && ++this.#sparsePicks >= sparsePicksMax) this.#rebuild(candidates, [])
    return this.#table
  }

  /** @returns false when one is new or has another weight. */
  #find(candidates: Candidates): boolean {
    this.#where.fill(-1)
    for (let index = 0; index < candidates.length; index++) {
      const { id, fullWeight } = candidates[index]!
      const place = this.#placeOf.get(id)
      if (place === undefined || this.#members[place]!.weight !== fullWeight) return false
      this.#where[place] = index
    }
    this.#isSparse = candidates.length * 2 < this.size
    if (!this.#isSparse) this.#sparsePicks = 0
    return true
  }

  /** The members that are not there now, if they are worth keeping. */
  #gone(candidates: Candidates): readonly Member[] {
    const here = new Set(candidates.map(({ id }) => id))
    const gone = this.#members.filter(({ id }) => !here.has(id))
    return gone.length > here.size ? [] : gone
  }

  #rebuild(candidates: Candidates, gone: readonly Member[]): void {
    const byId = new Map(gone.map((member) => [member.id, member]))
    for (const { id, fullWeight } of candidates) byId.set(id, { id, weight: fullWeight })
    this.#members = [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
    this.#placeOf = new Map(this.#members.map(({ id }, place) => [id, place]))
    this.#where = new Int32Array(this.size).fill(-1)
    for (const [index, { id }] of candidates.entries()) this.#where[this.#placeOf.get(id)!] = index
    this.#table = this.#build(this.#members)
    this.#isSparse = false
    this.#sparsePicks = 0
  }
}
