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

  /** Makes all calls that are due. What the first one throws that does is thrown again when all are made. */
  run(): void {
    if (this.#isCalling || this.#due.length === 0) return
    this.#isCalling = true
    const errors: unknown[] = []
    for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) {
      try {
        this.#call(next)
      } catch (error) {
        errors.push(error)
      }
    }
    this.#isCalling = false
    if (errors.length > 0) throw errors[0]
  }
}
