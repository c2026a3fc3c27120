import type { Origin } from './answers.ts'
import type { Calculator } from './calculator.ts'

/** What the routes share: how this backend behaves, and what it is doing. */
export interface Service {
  /** Known once it listens, which is before any request. */
  readonly origin: { -readonly [K in keyof Origin]: Origin[K] }
  readonly calculator: Calculator
  readonly digitsLimit: number
  readonly latencyMs: number
  readonly jitterMs: number
  readonly failRate: number
  readonly random: () => number
  /** Requests for digits that are not answered yet. */
  active: number
}

export interface ServiceOptions {
  /** The most digits it computes. */
  readonly digitsLimit?: number
  /** Added to each answer with digits, to play a slow backend, in milliseconds. */
  readonly latencyMs?: number
  /** Up to so much more latency, drawn evenly, in milliseconds. */
  readonly jitterMs?: number
  /** The share of requests for digits that fail on purpose, 0 … 1. */
  readonly failRate?: number
  /** Draws jitter and failures, from 0 up to 1 without 1. */
  readonly random?: () => number
}

export interface ServiceView {
  readonly name: string
  /** Requests for digits that are not answered yet: delayed, queued or computing. */
  readonly active: number
  /** Threads at work. */
  readonly computing: number
  /** Requests that wait for a thread. */
  readonly queued: number
  readonly threads: number
  readonly queueLimit: number
}

export function createService(options: ServiceOptions, calculator: Calculator): Service {
  const { digitsLimit = 1_000_000, latencyMs = 0, jitterMs = 0, failRate = 0 } = options
  const { random = Math.random } = options
  const origin = { name: '', address: '' }
  return { origin, calculator, digitsLimit, latencyMs, jitterMs, failRate, random, active: 0 }
}

export function view({ origin, calculator, active }: Service): ServiceView {
  const { computing, queued, threads, queueLimit } = calculator
  return { name: origin.name, active, computing, queued, threads, queueLimit }
}

/**
 * How full it is: the threads are the first half, the queue is the second; at 1 the next request is refused.
 *
 * Queue and threads taken together would say next to nothing until there is a long queue, and a balancer
 * would give as much to a backend whose threads are all at work as to an idle one.
 */
export function fullness({ calculator }: Pick<Service, 'calculator'>): number {
  const { computing, queued, threads, queueLimit } = calculator
  if (queueLimit === 0) return computing / threads
  return (computing / threads + queued / queueLimit) / 2
}
