import { type Random, seeded } from '../../src/base/random.ts'
import { Pool } from '../../src/pool/pool.ts'
import { createStrategy } from '../../src/strategies/index.ts'

/** A backend of one core, which does one piece of work after the other, and then waits for something. */
export interface Server {
  /** Mean time on the core for a piece of work; it varies evenly by half of that. */
  readonly workMs: number
  /** How long each response waits for something else, whatever the load. */
  readonly waitMs: number
  /** Answers with an error at once, after this time. */
  readonly failsInMs?: number
}

export interface Run {
  readonly strategy: string
  readonly servers: readonly Server[]
  /** What they are from half of the requests on; the same by default. */
  readonly later?: readonly Server[]
  /** Requests a second, at random times. */
  readonly rate: number
  readonly requests: number
  readonly seed?: number
}

export interface Played {
  /** The response times, sorted. */
  readonly timesMs: readonly number[]
  readonly errors: number
  /** How many requests each backend got. */
  readonly counts: readonly number[]
  /** How many of the last tenth. */
  readonly lastCounts: readonly number[]
}

/** Plays a run in virtual time through a pool. */
export function play({
  strategy,
  servers,
  later = servers,
  rate,
  requests,
  seed = 1,
}: Run): Played {
  let nowMs = 0
  const random = seeded(seed)
  const specs = servers.map((_, port) => ({ address: { host: 'h', port } }))
  const now = (): number => nowMs
  const made = createStrategy(strategy, { now, random: seeded(seed + 1) })
  const pool = new Pool(specs, made, { now, ejects: false })
  const busyUntilMs = servers.map(() => 0)
  const ends = new Agenda()
  const [counts, lastCounts] = [servers.map(() => 0), servers.map(() => 0)]
  const timesMs: number[] = []
  let errors = 0

  const ask = (servers: readonly Server[], got: number[]): void => {
    const startMs = nowMs
    const lease = pool.lease(`client ${timesMs.length % 100}`)!
    const nth = servers.findIndex((_, i) => lease.backend.id === `h:${i}`)
    got[nth]!++
    const { failsInMs, waitMs, workMs } = servers[nth]!
    const endMs = failsInMs === undefined ? workUntilMs(nth, workMs) + waitMs : nowMs + failsInMs
    ends.add(endMs, () => {
      lease.answered(nowMs - startMs, failsInMs !== undefined)
      lease.release('ok')
      if (failsInMs !== undefined) errors++
      timesMs.push(nowMs - startMs)
    })
  }
  const workUntilMs = (nth: number, workMs: number): number => {
    busyUntilMs[nth] = Math.max(busyUntilMs[nth]!, nowMs) + workMs * (0.5 + random())
    return busyUntilMs[nth]!
  }

  for (let asked = 0; asked < requests; asked++) {
    const nextMs = nowMs + exponential(random, 1_000 / rate)
    ends.runUntil(nextMs, (ms) => {
      nowMs = ms
    })
    nowMs = nextMs
    const isLast = asked >= requests * 0.9
    ask(asked < requests / 2 ? servers : later, isLast ? lastCounts : counts)
  }
  ends.runUntil(Number.POSITIVE_INFINITY, (ms) => {
    nowMs = ms
  })
  return {
    timesMs: timesMs.sort((a, b) => a - b),
    errors,
    counts: counts.map((count, i) => count + lastCounts[i]!),
    lastCounts,
  }
}

/** The response time that all but one in a hundred do not exceed. */
export const p99Ms = ({ timesMs }: Played): number => timesMs[Math.floor(timesMs.length * 0.99)]!

const exponential = (random: Random, mean: number): number => -Math.log(1 - random()) * mean

/** What is to happen when; not much at a time. */
class Agenda {
  readonly #entries: { readonly atMs: number; readonly act: () => void }[] = []

  add(atMs: number, act: () => void): void {
    let place = this.#entries.length
    while (place > 0 && this.#entries[place - 1]!.atMs > atMs) place--
    this.#entries.splice(place, 0, { atMs, act })
  }

  runUntil(untilMs: number, setClock: (ms: number) => void): void {
    while (this.#entries.length > 0 && this.#entries[0]!.atMs <= untilMs) {
      const { atMs, act } = this.#entries.shift()!
      setClock(atMs)
      act()
    }
  }
}
