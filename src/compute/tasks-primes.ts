import { primesListedMax, type Result } from './protocol.ts'

/** Odd numbers that are sieved at a time: they fit into the cache nearest to the processor. */
const segmentOdds = 32_768

/**
 * How many primes there are up to `limit`, the last one, and all of them when they are few.
 *
 * A segmented sieve of Eratosthenes over the odd numbers: `√limit` numbers and one segment are all it holds.
 */
export function primes(limit: number): Result {
  const listed: number[] = limit >= 2 ? [2] : []
  let count = listed.length
  let last = 2
  const divisors = oddPrimes(Math.floor(Math.sqrt(limit)))
  // The next odd multiple of each divisor, from its square on: smaller ones have a smaller divisor.
  const next = divisors.map((prime) => prime * prime)
  const isComposite = new Uint8Array(segmentOdds)
  for (let low = 3; low <= limit; low += 2 * segmentOdds) {
    isComposite.fill(0)
    const odds = Math.min(segmentOdds, Math.floor((limit - low) / 2) + 1)
    for (let i = 0; i < divisors.length; i++) {
      next[i] = low + 2 * strike(isComposite, odds, (next[i]! - low) / 2, divisors[i]!)
    }
    for (let i = 0; i < odds; i++) {
      if (isComposite[i] === 1) continue
      count++
      last = low + 2 * i
      if (limit <= primesListedMax) listed.push(last)
    }
  }
  return {
    value: `${count}`,
    ...(count > 0 && { last: `${last}` }),
    ...(count > 0 && limit <= primesListedMax && { primes: listed.join(' ') }),
  }
}

/** Marks each `step`th place from `from` on, and tells the first one beyond `places`. */
function strike(isComposite: Uint8Array, places: number, from: number, step: number): number {
  let place = from
  for (; place < places; place += step) isComposite[place] = 1
  return place
}

/** The odd primes up to a small `limit`. */
function oddPrimes(limit: number): number[] {
  const isComposite = new Uint8Array(limit + 1)
  const found: number[] = []
  for (let n = 3; n <= limit; n += 2) {
    if (isComposite[n] === 1) continue
    found.push(n)
    for (let multiple = n * n; multiple <= limit; multiple += n) isComposite[multiple] = 1
  }
  return found
}
