import { InTurn } from './in-turn.ts'
import type { Transition } from './transition.ts'

type Listener = (transition: Transition) => void

/** Transitions on their way to the listeners: all hear all of them in the same order. */
export class News {
  readonly #listeners = new Set<Listener>()
  readonly #due = new InTurn<[Listener, Transition]>(([listener, transition]) => {
    if (this.#listeners.has(listener)) listener(transition)
  })

  /** @returns how to hear no more. */
  listen(listener: Listener): () => void {
    // Another function each time, so that who listens twice can stop once.
    const own: Listener = (transition) => listener(transition)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  add(transition: Transition): void {
    for (const listener of this.#listeners) this.#due.add([listener, transition])
  }

  tell(): void {
    this.#due.run()
  }
}
