/** A bucket's upper edge in milliseconds, and how many values are at or below it. */
export interface HistogramBucket {
  readonly upToMs: number
  readonly count: number
}

/** What a histogram held at one moment. Percentiles are exact to one bucket, 12.5 % wide. */
export interface HistogramView {
  readonly count: number
  readonly sumMs: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** Eight buckets for each power of two. */
const stepsBits = 3
const steps = 1 << stepsBits
/** Values from 1 µs to 2^31 µs (36 min); longer ones count in the last bucket. */
const highestMicros = 2 ** 31 - 1
const bucketsCount = (31 - stepsBits + 1) * steps

/**
 * Counts durations in logarithmic buckets: recording is O(1), memory is fixed.
 *
 * The layout is that of HdrHistogram (Gil Tene): a power of two, cut into equal steps.
 */
export class Histogram {
  readonly #counts = new Float64Array(bucketsCount)
  #count = 0
  #sumMs = 0
  #maxMs = 0

  get count(): number {
    return this.#count
  }

  get sumMs(): number {
    return this.#sumMs
  }

  record(ms: number): void {
    this.#count++
    this.#sumMs += ms
    if (ms > this.#maxMs) this.#maxMs = ms
    this.#counts[bucketOf(ms)]!++
  }

  /** The smallest bucket edge that `share` (0 … 1) of the values do not exceed; 0 when empty. */
  percentile(share: number): number {
    const wanted = Math.ceil(share * this.#count)
    let seen = 0
    for (let index = 0; index < bucketsCount; index++) {
      seen += this.#counts[index]!
      if (seen >= wanted && seen > 0) return Math.min(upperEdgeMs(index), this.#maxMs)
    }
    return 0
  }

  view(): HistogramView {
    return {
      count: this.#count,
      sumMs: this.#sumMs,
      p50Ms: this.percentile(0.5),
      p90Ms: this.percentile(0.9),
      p99Ms: this.percentile(0.99),
      maxMs: this.#maxMs,
    }
  }

  /** The buckets that hold something, lowest first. */
  buckets(): readonly HistogramBucket[] {
    const held: HistogramBucket[] = []
    for (let index = 0; index < bucketsCount; index++) {
      const count = this.#counts[index]!
      if (count > 0) held.push({ upToMs: upperEdgeMs(index), count })
    }
    return held
  }
}

function bucketOf(ms: number): number {
  const micros = Math.min(Math.max(Math.floor(ms * 1_000), 0), highestMicros)
  if (micros < steps) return micros
  const octave = 31 - Math.clz32(micros) - stepsBits
  return (octave << stepsBits) + (micros >>> octave)
}

function upperEdgeMs(index: number): number {
  if (index < steps) return (index + 1) / 1_000
  const octave = (index >>> stepsBits) - 1
  const step = (index & (steps - 1)) + steps
  return ((step + 1) * 2 ** octave) / 1_000
}
