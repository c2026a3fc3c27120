import type { HistogramBucket } from '../base/histogram.ts'

/** Powers of two from 256 µs to 67 s: edges of the histogram's own buckets, so that every count is exact. */
const boundsMs: readonly number[] = Array.from({ length: 19 }, (_, i) => 2 ** (8 + i) / 1_000)

/** The bounds of what is exposed, in seconds. */
export const boundsS: readonly number[] = Array.from({ length: 19 }, (_, i) => 2 ** (8 + i) / 1e6)

/** How many values are at or below each bound, given the buckets that hold some, lowest first. */
export function cumulative(buckets: readonly HistogramBucket[]): number[] {
  let next = 0
  let count = 0
  return boundsMs.map((boundMs) => {
    for (; next < buckets.length && buckets[next]!.upToMs <= boundMs; next++) {
      count += buckets[next]!.count
    }
    return count
  })
}
