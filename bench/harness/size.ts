/** How much a run does. `--quick` and the tests take less; the numbers then mean little. */
export interface Size {
  /** Counted rounds of every contender; those that warm up come before. */
  readonly rounds: number
  /** Share of the full counts of connections, requests and bytes, up to 1. */
  readonly share: number
}

export const fullSize: Size = { rounds: 5, share: 1 }

export const scaled = (count: number, size: Size): number => Math.ceil(count * size.share)
