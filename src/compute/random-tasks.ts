import type { Random } from '../base/random.ts'
import type { Method, Task } from './protocol.ts'

/** What each method is asked for by chance. All of it is short work, the longest some milliseconds. */
const draws: Readonly<Record<Exclude<Method, 'sleep'>, (random: Random) => readonly string[]>> = {
  sum: (random) => [number(random, 40), number(random, 40)],
  difference: (random) => [number(random, 40), number(random, 40)],
  product: (random) => [number(random, 40), number(random, 40)],
  quotient: (random) => [number(random, 12), String(between(1, 9_999, random))],
  power: (random) => [String(between(2, 99, random)), String(between(0, 200, random))],
  pi: (random) => [String(between(1, 1_000, random))],
  primes: (random) => [String(between(1, 100_000, random))],
}

const drawn = Object.keys(draws) as (keyof typeof draws)[]

/** A task by chance: the same `random`, seeded, draws the same ones in turn. */
export function randomTask(random: Random): Task {
  const method = drawn[between(0, drawn.length - 1, random)]!
  return { method, params: draws[method](random) }
}

/** A whole number of up to `digitsMax` digits, negative now and then: short ones are as likely as long ones. */
function number(random: Random, digitsMax: number): string {
  const digits = Array.from({ length: between(1, digitsMax, random) }, () => between(0, 9, random))
  const text = digits.join('').replace(/^0+(?=\d)/, '')
  return text !== '0' && random() < 0.25 ? `-${text}` : text
}

function between(least: number, most: number, random: Random): number {
  return least + Math.floor(random() * (most - least + 1))
}
