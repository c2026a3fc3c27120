import type { PilotiError } from '../base/errors.ts'
import type { BackendSpec } from '../pool/backend.ts'
import type { DiscoveryObserver } from './discovery.ts'

/** Reasons remembered, so that two that take turns are not told for ever. */
const reasonsMax = 16

/** Keeps what a discovery promises its observer: nothing twice, and nothing after its close. */
export class Teller {
  readonly #observer: DiscoveryObserver
  readonly #reasons = new Set<string>()
  readonly #begun: () => void
  #told = ''
  #isClosed = false
  /** Resolves when something was told for the first time, or never will be. */
  readonly begun: Promise<void>

  constructor(observer: DiscoveryObserver) {
    this.#observer = observer
    let begun = (): void => {}
    // What is begun keeps the process alive until then, so that it may be awaited before anything listens.
    const hold = setInterval(() => {}, 2 ** 30)
    this.begun = new Promise((resolve) => {
      begun = () => {
        clearInterval(hold)
        resolve()
      }
    })
    this.#begun = begun
  }

  /**
   * All that was found, at least one.
   *
   * @param problem why some of that may be out of date.
   */
  found(specs: readonly BackendSpec[], problem?: PilotiError): void {
    if (this.#isClosed) return
    const text = JSON.stringify(specs)
    if (text !== this.#told) {
      this.#told = text
      this.#observer.found(specs)
    }
    if (problem === undefined) this.#reasons.clear()
    else this.failed(problem)
    this.#begun()
  }

  failed(error: PilotiError): void {
    if (this.#isClosed) return
    const reasons = this.#reasons
    if (!reasons.has(error.message) && reasons.size < reasonsMax) {
      reasons.add(error.message)
      this.#observer.failed(error)
    }
    this.#begun()
  }

  close(): void {
    this.#isClosed = true
    this.#begun()
  }
}
