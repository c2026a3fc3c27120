import type { Result, Task } from './protocol.ts'
import { calculate } from './tasks.ts'

/** What a thread of a worker runs: the one job it has. */
export default (task: Task): Result => calculate(task)
