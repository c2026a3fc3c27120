/** Milliseconds from an arbitrary start; never goes backwards. A test passes its own. */
export type Clock = () => number

/** The process's monotonic clock. */
export const monotonic: Clock = () => performance.now()

/** Node's timers go wrong beyond this, some 24 days: they throw, or end at once. */
export const longestTimerMs: number = 2 ** 31 - 1
