/** One counted round of one contender. */
export interface Sample {
  /** CPU of the proxy for one unit of work; the unit is the case's. */
  readonly cost: number
  /** Units a second. */
  readonly rate: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Share of the time its core was at work for the proxy. */
  readonly busy: number
}

export interface Runner<T> {
  readonly name: string
  round(): Promise<T>
}

/**
 * A B C, A B C, …: whatever else the machine does meets all contenders alike. The first
 * `warmUps` rounds are not counted.
 */
export async function interleave<T>(
  runners: readonly Runner<T>[],
  rounds: number,
  warmUps = 1,
): Promise<Map<string, T[]>> {
  const samples = new Map<string, T[]>(runners.map(({ name }) => [name, []]))
  for (let round = 0; round < warmUps + rounds; round++) {
    for (const runner of runners) {
      const sample = await runner.round()
      if (round >= warmUps) samples.get(runner.name)!.push(sample)
    }
  }
  return samples
}
