/** Those who wait, first come first served; one may leave from the middle. Each step is O(1) in the long run. */
export class WaitingLine<T> {
  #items: T[] = []
  #head = 0
  readonly #gone = new Set<T>()

  get size(): number {
    return this.#items.length - this.#head - this.#gone.size
  }

  add(item: T): void {
    this.#items.push(item)
  }

  /** Takes out the first one. */
  take(): T | undefined {
    while (this.#head < this.#items.length) {
      const item = this.#items[this.#head++]!
      if (this.#head > 1_024 && this.#head * 2 > this.#items.length) this.#forget()
      if (!this.#gone.delete(item)) return item
    }
    return undefined
  }

  /** One that waits, leaves. */
  leave(item: T): void {
    this.#gone.add(item)
  }

  #forget(): void {
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}
