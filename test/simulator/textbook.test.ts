import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Workload } from '../../src/simulator.ts'
import { exponential, meanMs, near, played } from './queue.ts'

/** The percentile of the waiting time in M/M/1: its tail is ρ e^-(μ-λ)t. */
const waitingMs = (rho: number, share: number): number =>
  (Math.log(rho / (1 - share)) * meanMs) / (1 - rho)

describe('one backend', () => {
  for (const [rho, requests] of [
    [0.5, 300_000],
    [0.7, 500_000],
    [0.8, 1_000_000],
  ] as const) {
    it(`of load ${rho} waits as M/M/1 does`, () => {
      const { response, waiting, queue, backends } = played(rho, requests)
      near(waiting.meanMs, (meanMs * rho) / (1 - rho), 'mean waiting time')
      near(response.meanMs, meanMs / (1 - rho), 'mean response time')
      near(waiting.p95Ms, waitingMs(rho, 0.95), 'p95 of waiting')
      near(waiting.p99Ms, waitingMs(rho, 0.99), 'p99 of waiting')
      if (rho > 0.5) near(waiting.p50Ms, waitingMs(rho, 0.5), 'median of waiting')
      near(response.p50Ms, (meanMs * Math.log(2)) / (1 - rho), 'median response time')
      near(queue.mean, rho / (1 - rho), 'requests there')
      near(queue.atLeast[3]!, rho ** 3, 'share of time with three and more')
      near(backends[0]!.utilisation, rho, 'utilisation')
    })
  }

  for (const servers of [2, 5, 20]) {
    it(`with ${servers} servers waits as Erlang's C says`, () => {
      const rho = 0.7
      const { waiting } = played(rho, 600_000, { backends: [{ name: 'b', servers }] })
      const waits = erlangC(servers, rho)
      near(waiting.meanMs, (waits * meanMs) / (servers * (1 - rho)), 'mean waiting time')
      const p95 = (Math.log(waits / 0.05) * meanMs) / (servers * (1 - rho))
      near(waiting.p95Ms, p95, 'p95 of waiting')
    })
  }

  // Pollaczek and Khinchine: ρ (1 + c²) / 2 (1 - ρ), c the standard deviation for a mean of 1.
  const shapes: readonly (readonly [Workload['service'], squaredVariation: number])[] = [
    [{ kind: 'constant', meanMs }, 0],
    [{ kind: 'lognormal', meanMs, variation: 0.8 }, 0.64],
    [{ kind: 'bimodal', shortMs: 5, longMs: 55, longShare: 0.1 }, 2.25],
  ]
  for (const [service, squaredVariation] of shapes) {
    it(`with ${service.kind} service waits as M/G/1 does`, () => {
      const rho = 0.6
      const { waiting } = played(rho, 500_000, { service })
      near(waiting.meanMs, (meanMs * rho * (1 + squaredVariation)) / (2 * (1 - rho)), 'mean')
    })
  }

  for (const [service] of [[exponential, 1] as const, ...shapes]) {
    it(`that shares its time among ${service.kind} work answers as if it were exponential`, () => {
      const rho = 0.6
      const backends = [{ name: 'b', discipline: 'sharing' as const }]
      const { response } = played(rho, 300_000, { service, backends })
      near(response.meanMs, meanMs / (1 - rho), 'mean response time')
    })
  }
})

describe('several backends', () => {
  const backends = [{ name: 'b', count: 4 }]

  it('chosen at random are as many of one each', () => {
    const { waiting, backends: all } = played(0.7, 600_000, { backends }, 'random')
    near(waiting.meanMs, (meanMs * 0.7) / 0.3, 'mean waiting time')
    near(waiting.p99Ms, waitingMs(0.7, 0.99), 'p99 of waiting')
    for (const { utilisation } of all) near(utilisation, 0.7, 'utilisation')
  })

  it('taken in turn get Erlang arrivals: E4/M/1', () => {
    const { waiting } = played(0.8, 600_000, { backends }, 'round-robin')
    const root = erlangRoot(4, 0.8)
    near(waiting.meanMs, (meanMs * root) / (1 - root), 'mean waiting time')
  })

  it('of which the least busy of two is taken come near to the fixed point of many', () => {
    // Mitzenmacher 2001: with ever more backends, the share that holds i and more is ρ^(2^i - 1).
    const rho = 0.7
    const many = [{ name: 'b', count: 500 }]
    const { response, queue } = played(rho, 500_000, { backends: many }, 'two-choices')
    for (const i of [1, 2, 3]) near(queue.atLeast[i]!, rho ** (2 ** i - 1), `${i} and more`)
    let mean = 0
    for (let i = 1; i <= 8; i++) mean += meanMs * rho ** (2 ** i - 2)
    near(response.meanMs, mean, 'mean response time')
  })

  it('of which the shorter of two queues is joined wait as the chain of both says', () => {
    const rho = 0.7
    const two = [{ name: 'b', count: 2 }]
    const { response } = played(rho, 400_000, { backends: two }, 'least-connections')
    near(response.meanMs, shorterQueueMs(rho), 'mean response time')
  })
})

/** The probability of waiting in M/M/c. */
function erlangC(servers: number, rho: number): number {
  let blocked = 1 // Erlang's B, by its recursion.
  for (let n = 1; n <= servers; n++) {
    blocked = (rho * servers * blocked) / (n + rho * servers * blocked)
  }
  return blocked / (1 - rho * (1 - blocked))
}

/** The root of x = (kρ / (kρ + 1 - x))^k below 1: GI/M/1 with Erlang-k arrivals waits x / μ(1 - x). */
function erlangRoot(k: number, rho: number): number {
  let x = 0
  for (let step = 0; step < 1_000; step++) x = ((k * rho) / (k * rho + 1 - x)) ** k
  return x
}

/** The mean response time with join-the-shorter-queue, from the stationary state of a bounded chain. */
function shorterQueueMs(rho: number): number {
  const most = 40
  const at = (a: number, b: number): number => a * (most + 1) + b
  let now = new Float64Array((most + 1) ** 2)
  now[0] = 1
  // Uniformised: in each step an arrival (2ρ), or an end at one of the two, out of 2ρ + 2.
  const arrives = rho / (rho + 1)
  const ends = 0.5 / (rho + 1)
  for (let step = 0; step < 6_000; step++) {
    const next = new Float64Array(now.length)
    for (let a = 0; a <= most; a++) {
      for (let b = 0; b <= most; b++) {
        const p = now[at(a, b)]!
        if (p < 1e-15) continue
        const [toA, toB] = a < b ? [1, 0] : a > b ? [0, 1] : [0.5, 0.5]
        next[at(Math.min(a + 1, most), b)]! += p * arrives * toA
        next[at(a, Math.min(b + 1, most))]! += p * arrives * toB
        next[at(Math.max(a - 1, 0), b)]! += p * ends
        next[at(a, Math.max(b - 1, 0))]! += p * ends
      }
    }
    now = next
  }
  let held = 0
  for (let a = 0; a <= most; a++) {
    for (let b = 0; b <= most; b++) held += (a + b) * now[at(a, b)]!
  }
  assert.ok(held > 0)
  return (held / (2 * rho)) * meanMs // Little's law.
}
