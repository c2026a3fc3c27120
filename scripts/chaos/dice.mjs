// @ts-check
// Chance that can be repeated.
import { setTimeout as delay } from 'node:timers/promises'
import { seeded } from '../../dist/src/base/random.js'

/** Draws the same for the same seed. */
export class Dice {
  #random
  /** What is left of each deck, by what is in it. @type {Map<string, string[]>} */
  #decks = new Map()

  /** @param {number} seed */
  constructor(seed) {
    this.#random = seeded(seed)
  }

  /** @param {number} least @param {number} most */
  between(least, most) {
    return least + this.#random() * (most - least)
  }

  /** @template T @param {readonly T[]} all @returns {T | undefined} undefined only of none. */
  oneOf(all) {
    return all[Math.floor(this.#random() * all.length)]
  }

  /** Each of `all` comes once, in any order, before one comes again. @param {readonly string[]} all */
  next(all) {
    const name = all.join(' ')
    let deck = this.#decks.get(name) ?? []
    if (deck.length === 0) deck = [...all]
    const [card] = deck.splice(Math.floor(this.#random() * deck.length), 1)
    this.#decks.set(name, deck)
    return String(card)
  }

  /** Waits for about so long. @param {number} ms @param {AbortSignal} signal @returns {Promise<boolean>} false when it is over. */
  async pause(ms, signal) {
    await delay(this.between(0.5, 1.5) * ms, undefined, { signal }).catch(() => {})
    return !signal.aborted
  }
}
