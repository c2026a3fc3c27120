const octaves = 19

/**
 * Upper edges of the rows of a heat map, in milliseconds: from 128 µs on each power of two, and the middle
 * before it. They are edges of the histogram's own buckets, so that every count is exact.
 */
export const edgesMs: readonly number[] = Array.from({ length: 2 * octaves }, (_, i) => {
  const micros = 2 ** (7 + Math.ceil(i / 2))
  return (i % 2 === 0 ? micros : micros * 0.75) / 1_000
})

/** How many answers are in each bin that has some: pairs of its number and the count, flat. */
export function binned(counts: Iterable<readonly [upToMs: number, count: number]>): number[] {
  const bins = new Map<number, number>()
  for (const [upToMs, count] of counts) {
    const bin = binOf(upToMs)
    bins.set(bin, (bins.get(bin) ?? 0) + count)
  }
  return [...bins].sort(([a], [b]) => a - b).flat()
}

function binOf(upToMs: number): number {
  const found = edgesMs.findIndex((edgeMs) => upToMs <= edgeMs)
  return found === -1 ? edgesMs.length - 1 : found
}
