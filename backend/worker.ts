import { piDigits } from '../src/base/pi.ts'

/** What a thread of the calculator runs: the one job it has. */
export default (digits: number): string => piDigits(digits)
