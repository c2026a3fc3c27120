/** What a heap can hold: each member knows when it is due, and its place, -1 while it is in no heap. */
export interface Due {
  due: number
  /** The order of adding: of two that are due together, the earlier one comes first. */
  serial: number
  place: number
}

/** Members by the time they are due. Adding, moving and taking out, also from the middle, are O(log n). */
export class Heap<T extends Due> {
  readonly #items: T[] = []
  #serial = 0

  get size(): number {
    return this.#items.length
  }

  /** The member that is due first. */
  get first(): T | undefined {
    return this.#items[0]
  }

  /** Adds `item`, or moves it, so that it is due at `due`. */
  set(item: T, due: number): void {
    item.due = due
    item.serial = this.#serial++
    if (item.place === -1) {
      item.place = this.#items.length
      this.#items.push(item)
      this.#rise(item)
    } else {
      this.#rise(item)
      this.#sink(item)
    }
  }

  /** Takes `item` out, if it is in. */
  delete(item: T): void {
    const { place } = item
    if (place === -1) return
    item.place = -1
    const last = this.#items.pop()!
    if (last === item) return
    this.#put(last, place)
    this.#rise(last)
    this.#sink(last)
  }

  #rise(item: T): void {
    while (item.place > 0) {
      const parent = this.#items[(item.place - 1) >> 1]!
      if (!isBefore(item, parent)) return
      this.#swap(item, parent)
    }
  }

  #sink(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.place + 1]
      if (left === undefined) return
      const right = this.#items[2 * item.place + 2]
      const child = right !== undefined && isBefore(right, left) ? right : left
      if (!isBefore(child, item)) return
      this.#swap(item, child)
    }
  }

  #swap(a: T, b: T): void {
    const { place } = a
    this.#put(a, b.place)
    this.#put(b, place)
  }

  #put(item: T, place: number): void {
    item.place = place
    this.#items[place] = item
  }
}

function isBefore(a: Due, b: Due): boolean {
  return a.due < b.due || (a.due === b.due && a.serial < b.serial)
}
