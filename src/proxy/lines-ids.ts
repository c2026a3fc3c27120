/** More than a connection ever has at a time. */
const stride = 16_384

/**
 * Gives numbers to what is outstanding, none of them twice, and finds it again by them.
 *
 * A number has its place in it, so that nothing is hashed: a `Map` whose keys come and go by the thousands a
 * second rehashes again and again (see `Slots`).
 */
export class LinesIds<T> {
  readonly #items: (T | undefined)[] = []
  readonly #ids: number[] = []
  readonly #free: number[] = []
  #round = 0

  get size(): number {
    return this.#items.length - this.#free.length
  }

  /** @returns the number it has from now on. */
  add(item: T): number {
    const slot = this.#free.pop() ?? this.#items.length
    const id = ++this.#round * stride + slot
    this.#items[slot] = item
    this.#ids[slot] = id
    return id
  }

  /** Takes out what has this number; undefined for one that is not in use, or no more. */
  take(id: number): T | undefined {
    const slot = id % stride
    if (this.#ids[slot] !== id) return undefined
    const item = this.#items[slot]
    this.#items[slot] = undefined
    this.#ids[slot] = -1
    this.#free.push(slot)
    return item
  }

  /** Visits all; `visit` may take out what it is given. */
  each(visit: (item: T, id: number) => void): void {
    for (const [slot, item] of this.#items.entries()) {
      if (item !== undefined) visit(item, this.#ids[slot]!)
    }
  }
}
