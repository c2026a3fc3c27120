/**
 * Moves an exponentially weighted average towards a new sample.
 *
 * @param average the average so far
 * @param share how much the new sample counts, 0 … 1
 */
export function ewma(average: number, sample: number, share: number): number {
  return average + share * (sample - average)
}
