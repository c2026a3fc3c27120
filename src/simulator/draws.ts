import { type Random, seeded } from '../base/random.ts'
import type { Keys, Request, Service, Workload } from './workload.ts'

/**
 * A source of chance of its own for each purpose, so that a strategy that draws more or less often does
 * not change what comes in.
 */
export function stream(seed: number, purpose: number): Random {
  // Neighbouring seeds start far from each other: the constants are those of xxHash.
  return seeded(Math.imul(seed, 0x9e3779b1) ^ Math.imul(purpose + 1, 0x85ebca77))
}

/** What is drawn for each request; the same for every strategy. */
export interface Draws {
  /** Exponential. */
  pauseMs(meanMs: number): number
  request(atMs: number): Request
}

export function createDraws(workload: Workload, seed: number): Draws {
  const pauses = stream(seed, 0)
  const work = drawService(workload.service, stream(seed, 1))
  const key = drawKey(workload.keys ?? { clients: 1_000, zipf: 0 }, stream(seed, 2))
  const balancer = stream(seed, 3)
  return {
    pauseMs: (meanMs) => exponential(pauses) * meanMs,
    request: (atMs) => ({ atMs, workMs: work(), key: key(), balancer: balancer() }),
  }
}

const exponential = (random: Random): number => -Math.log(1 - random())

/** What Chudnovsky's series takes for 1000 digits, and how that grows: bench/results/pi.md, Node 20. */
const piMsOf1000 = 0.0643
const piGrowth = 1.46

/** Draws how long a request takes at speed 1, in milliseconds. */
function drawService(service: Service, random: Random): () => number {
  switch (service.kind) {
    case 'constant':
      return () => service.meanMs
    case 'exponential':
      return () => exponential(random) * service.meanMs
    case 'lognormal': {
      const variance = Math.log(1 + service.variation ** 2)
      const middle = Math.log(service.meanMs) - variance / 2
      return () => Math.exp(middle + Math.sqrt(variance) * normal(random))
    }
    case 'pareto': {
      const { alpha, leastMs, mostMs } = service
      const bound = 1 - (leastMs / mostMs) ** alpha
      return () => leastMs * (1 - random() * bound) ** (-1 / alpha)
    }
    case 'bimodal':
      return () => (random() < service.longShare ? service.longMs : service.shortMs)
    case 'pi': {
      const { leastDigits, mostDigits } = service
      const span = Math.log(mostDigits / leastDigits)
      return () => piMsOf1000 * ((leastDigits / 1_000) * Math.exp(random() * span)) ** piGrowth
    }
  }
}

/** Box and Muller's; the second number is not used. */
function normal(random: Random): number {
  return Math.sqrt(2 * exponential(random)) * Math.cos(2 * Math.PI * random())
}

function drawKey({ clients, zipf }: Keys, random: Random): () => string {
  if (zipf === 0) return () => `client-${Math.floor(random() * clients) + 1}`
  const upTo = new Float64Array(clients)
  let total = 0
  for (let rank = 0; rank < clients; rank++) {
    total += (rank + 1) ** -zipf
    upTo[rank] = total
  }
  return () => `client-${firstAbove(upTo, random() * total) + 1}`
}

function firstAbove(sorted: Float64Array, value: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! > value) high = middle
    else low = middle + 1
  }
  return low
}
