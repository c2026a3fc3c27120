import type { Balancer } from '../balancer.ts'
import { sentenceOf } from '../pool/announce.ts'
import type { Pool } from '../pool/pool.ts'
import type { Happening } from './dashboard/told.ts'
import { type Facts, factsOf, newsOf } from './events-facts.ts'
import type { Reloads } from './metrics-process.ts'

/** How much is kept of what has happened. */
const happeningsMax = 200

/** What happens, in the order in which it does. Pools tell of their backends; the rest is seen by comparing. */
export class EventsLog {
  readonly happenings: Happening[] = []
  readonly #balancer: Balancer
  readonly #reloads: Readonly<Reloads>
  readonly #heard = new Map<Pool, () => void>()
  #facts: Facts
  #nth = 0

  constructor(balancer: Balancer, reloads: Readonly<Reloads>) {
    this.#balancer = balancer
    this.#reloads = reloads
    this.#facts = factsOf(balancer, reloads)
    this.#follow()
  }

  /** The number of the last one. */
  get nth(): number {
    return this.#nth
  }

  /** Those after the `nth`, as far as they are kept. */
  since(nth: number): readonly Happening[] {
    return this.happenings.filter((happening) => happening.nth > nth)
  }

  /** Sees what has changed since the last time, but for what pools tell themselves. */
  look(): void {
    const facts = factsOf(this.#balancer, this.#reloads)
    for (const news of newsOf(this.#facts, facts)) this.#add(news)
    this.#facts = facts
    this.#follow()
  }

  close(): void {
    for (const stop of this.#heard.values()) stop()
    this.#heard.clear()
  }

  #follow(): void {
    const pools = new Map([...this.#balancer.pools].map(([name, pool]) => [pool, name]))
    for (const [pool, stop] of this.#heard) {
      if (pools.has(pool)) continue
      stop()
      this.#heard.delete(pool)
    }
    for (const [pool, name] of pools) {
      if (!this.#heard.has(pool)) this.#heard.set(pool, this.#hear(pool, name))
    }
  }

  #hear(pool: Pool, name: string): () => void {
    return pool.onTransition((transition) => {
      const { backend, event } = transition
      this.#add({
        event,
        sentence: sentenceOf(transition),
        pool: name,
        ...(backend !== undefined && { backend: backend.id }),
      })
    })
  }

  #add(news: Omit<Happening, 'nth' | 'atMs'>): void {
    this.#nth++
    this.happenings.push({ nth: this.#nth, atMs: Date.now(), ...news })
    if (this.happenings.length > happeningsMax) this.happenings.shift()
  }
}
