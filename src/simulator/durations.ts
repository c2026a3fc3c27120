/** How a duration was spread over the requests. */
export interface Spread {
  readonly meanMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** A power of two is cut into so many steps, each less than 0.8 % wide. */
const stepsBits = 7
const steps = 1 << stepsBits
const leastMs = 1e-3
const octaves = 44
const bucketsCount = octaves * steps

/**
 * Counts durations from 1 µs to centuries in logarithmic buckets, and interpolates within one: percentiles
 * are right to well below one percent, in fixed memory. What the proxy measures with is coarser.
 */
export class Durations {
  readonly #counts = new Float64Array(bucketsCount)
  #shortest = 0
  #count = 0
  #sumMs = 0
  #maxMs = 0

  get count(): number {
    return this.#count
  }

  get meanMs(): number {
    return this.#count === 0 ? 0 : this.#sumMs / this.#count
  }

  record(ms: number): void {
    this.#count++
    this.#sumMs += ms
    if (ms > this.#maxMs) this.#maxMs = ms
    if (ms < leastMs) this.#shortest++
    else this.#counts[Math.min(bucketOf(ms), bucketsCount - 1)]!++
  }

  /** What `share` (0 … 1) of the durations do not exceed; 0 when there are none. */
  percentile(share: number): number {
    const wanted = share * this.#count
    if (wanted <= this.#shortest) return 0
    let seen = this.#shortest
    for (let index = 0; index < bucketsCount; index++) {
      const count = this.#counts[index]!
      if (count > 0 && seen + count >= wanted) {
        const from = edgeMs(index)
        const upTo = from + ((edgeMs(index + 1) - from) * (wanted - seen)) / count
        return Math.min(upTo, this.#maxMs)
      }
      seen += count
    }
    return this.#maxMs
  }

  spread(): Spread {
    return {
      meanMs: this.meanMs,
      p50Ms: this.percentile(0.5),
      p95Ms: this.percentile(0.95),
      p99Ms: this.percentile(0.99),
      maxMs: this.#maxMs,
    }
  }
}

const bucketOf = (ms: number): number => {
  const octave = Math.floor(Math.log2(ms / leastMs))
  return Math.floor((octave + ms / leastMs / 2 ** octave - 1) * steps)
}

const edgeMs = (index: number): number => {
  const octave = Math.floor(index / steps)
  return leastMs * 2 ** octave * (1 + (index % steps) / steps)
}
