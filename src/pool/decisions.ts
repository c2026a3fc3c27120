import type { Backend } from './backend.ts'
import { reasonOf } from './health.ts'
import type { Strategy } from './strategy.ts'

/** What was known of a backend when a strategy picked. */
export interface Considered {
  readonly id: string
  readonly weight: number
  readonly active: number
  /** The moving average; 0 while it was never measured. */
  readonly responseTimeMs: number
  /** What the strategy compares, where it can tell: the lowest wins. */
  readonly score?: number
  /** Why it could not be picked: `tried`, `full`, or its health with the reason; empty when it could. */
  readonly leftOut: string
}

/** A pick, as it looked just before. */
export interface Survey {
  readonly strategy: string
  /** The first ones of the pool. */
  readonly considered: readonly Considered[]
  /** How many more backends there were. */
  readonly others: number
}

/** More would be read by nobody, and fill the memory. */
const consideredMax = 32

/** What `strategy` would see of `backends`, of which `candidates` may be picked. */
export function surveyOf(
  backends: readonly Backend[],
  candidates: readonly Backend[],
  tried: readonly Readonly<Backend>[],
  strategy: Strategy,
  key: string,
): Survey {
  const may = candidates.filter((backend) => !tried.includes(backend))
  const considered = backends.slice(0, consideredMax).map((backend): Considered => {
    const { active, id, responseTimeMs, weight } = backend
    const score = may.includes(backend) ? strategy.score?.(backend, key) : undefined
    const leftOut = may.includes(backend) ? '' : whyNot(backend, tried)
    const scored = score === undefined || !Number.isFinite(score) ? {} : { score }
    return { id, weight, active, responseTimeMs, ...scored, leftOut }
  })
  return { strategy: strategy.name, considered, others: backends.length - considered.length }
}

function whyNot(backend: Backend, tried: readonly Readonly<Backend>[]): string {
  if (tried.includes(backend)) return 'tried'
  const { health } = backend
  if (health === 'up' || health === 'trial') return backend.isFull ? 'full' : health
  const reason = reasonOf(backend)
  return reason === '' ? health : `${health}: ${reason}`
}

/** How a piece of work came to its backend, and what became of it. */
export interface Decision {
  /** The arrival, in milliseconds since 1970. */
  readonly atMs: number
  /** What it was: `GET /a`. */
  readonly what: string
  readonly client: string
  /** One for each try; `picked` is empty when nobody could be, or the client waited in line. */
  readonly picks: readonly (Survey & { readonly picked: string; readonly failed: string })[]
  readonly queueMs: number
  readonly connectMs: number
  /** -1 without an answer. */
  readonly firstByteMs: number
  readonly durationMs: number
  /** 0 where there are none. */
  readonly status: number
  readonly end: string
  readonly requestId: string
}

const keptMax = 1_000
/** One in so many is kept whatever becomes of it. */
const sampleEvery = 100
/** Of those kept because they failed. */
const failuresASecondMax = 100

/** The latest decisions of a pool: a sample, and those that failed or took several tries. */
export class Decisions {
  readonly #kept: Decision[] = []
  #next = 0
  #untilSample = 1
  #second = 0
  #failures = 0

  /** Whether the next piece of work is one of the sample; asked once for each. */
  isDue(): boolean {
    if (--this.#untilSample > 0) return false
    this.#untilSample = sampleEvery
    return true
  }

  /** Whether one that failed may still be kept in this second; asked once for each. */
  takesFailure(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1_000)
    if (second !== this.#second) this.#failures = 0
    this.#second = second
    return ++this.#failures <= failuresASecondMax
  }

  add(decision: Decision): void {
    this.#kept[this.#next] = decision
    this.#next = (this.#next + 1) % keptMax
  }

  /** The latest first. */
  view(): readonly Decision[] {
    return [...this.#kept.slice(this.#next), ...this.#kept.slice(0, this.#next)].reverse()
  }
}
