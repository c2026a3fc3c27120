/** Milliseconds from an arbitrary start; never goes backwards. A test passes its own. */
export type Clock = () => number

/** The process's monotonic clock. */
export const monotonic: Clock = () => performance.now()
