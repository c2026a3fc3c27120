/**
 * Calls that are made one after the other, whatever they do: one that asks for more calls returns before
 * these are made.
 */
export class InTurn<T> {
  readonly #due: T[] = []
  readonly #call: (item: T) => void
  #isCalling = false

  constructor(call: (item: T) => void) {
    this.#call = call
  }

  add(item: T): void {
    this.#due.push(item)
  }

  /** Makes all calls that are due. One that throws keeps none of the others from being made. */
  run(): void {
    if (this.#isCalling || this.#due.length === 0) return
    this.#isCalling = true
    try {
      for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) {
        this.#call(next)
      }
    } finally {
      this.#isCalling = false
      this.run()
    }
  }
}
