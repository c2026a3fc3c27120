import { piDigits } from '../base/pi.ts'
import { powerDigits, type Result, type Task } from './protocol.ts'
import { primes } from './tasks-primes.ts'
import { quotient } from './tasks-quotient.ts'

/** Does a task, exactly, for as long as `estimatedMs` says. Of `sleep` only the answer. */
export function calculate({ method, params }: Task): Result {
  if (method === 'pi') return { value: piDigits(Number(params[0])) }
  if (method === 'primes') return primes(Number(params[0]))
  if (method === 'sleep') return { value: `${BigInt(params[0]!)}` }
  const a = BigInt(params[0]!)
  const b = BigInt(params[1]!)
  if (method === 'quotient') return quotient(a, b)
  if (method === 'sum') return { value: `${a + b}` }
  if (method === 'difference') return { value: `${a - b}` }
  return { value: `${method === 'product' ? a * b : a ** b}` }
}

/**
 * About how long `calculate` takes, in milliseconds, as measured on one core. It is right within a factor
 * of 3 around 1 ms, where it decides who does the task, and says more than it takes beyond that.
 */
export function estimatedMs({ method, params }: Task): number {
  const [a, b = '0'] = params as [string, string?]
  if (method === 'sleep') return 0
  if (method === 'pi') return Number(a) ** 2 / 16e6
  if (method === 'primes') return Number(a) / 200e3
  if (method === 'power') return powerDigits(a, b) ** 2 / 40e6
  // To read and write decimal digits takes the square of their number, and longer than to add.
  const decimalMs = (a.length + b.length) ** 2 / 200e6
  return method === 'quotient' ? decimalMs + (a.length * b.length) / 800e3 : decimalMs
}
