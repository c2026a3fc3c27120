/** Draws evenly from 0 up to 1, without 1. A test passes its own, so that any run can be repeated. */
export type Random = () => number

/**
 * Draws the same numbers for the same seed, a whole number.
 *
 * @see mulberry32 by Tommy Ettinger: 32 bits of state, passes gjrand; not for secrets.
 */
export function seeded(seed: number): Random {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** `ms`, or up to `share` of it more or less, evenly: so that what begins together does not fall into step. */
export function jittered(ms: number, share: number, random: Random): number {
  return ms * (1 + share * (2 * random() - 1))
}
