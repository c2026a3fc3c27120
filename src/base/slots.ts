/**
 * A set whose members know their place in it: adding and deleting move one number each.
 *
 * For members that come and go by the thousands a second. A `Set` rehashes under that, and each of its
 * old tables keeps what it held from the young garbage collection: scavenges took twenty times as long.
 */
export class Slots<K extends string, T extends Record<K, number>> implements Iterable<T> {
  readonly #items: T[] = []
  readonly #key: K

  /** @param key the member's number that says where it is; -1 while it is in no set. */
  constructor(key: K) {
    this.#key = key
  }

  get size(): number {
    return this.#items.length
  }

  add(item: T): void {
    if (item[this.#key] !== -1) return
    this.#place(item, this.#items.length)
  }

  delete(item: T): void {
    const slot: number = item[this.#key]
    if (slot === -1) return
    this.#mark(item, -1)
    const last = this.#items.pop()!
    if (last !== item) this.#place(last, slot)
  }

  /** From the last to the first, so that a member may delete itself, or others, while it is visited. */
  *[Symbol.iterator](): Iterator<T> {
    for (let slot = this.#items.length - 1; slot >= 0; slot--) {
      const item = this.#items[slot]
      if (item !== undefined) yield item
    }
  }

  #place(item: T, slot: number): void {
    this.#items[slot] = item
    this.#mark(item, slot)
  }

  #mark(item: Record<K, number>, slot: number): void {
    item[this.#key] = slot
  }
}
