import { readdirSync, readFileSync } from 'node:fs'

/**
 * CPU time of a process and its descendants since they started, in µs: user and system, all threads.
 *
 * From `schedstat` (nanoseconds) where the kernel has it; `stat` counts in ticks of 10 ms. The kernel
 * bills loopback TCP, both halves of it, to whoever sends: the proxy pays for its own packets only.
 */
export function cpuMicros(pid: number): number {
  const own = threads(pid).reduce((sum, thread) => sum + threadMicros(pid, thread), 0)
  return children(pid).reduce((sum, child) => sum + cpuMicros(child), own)
}

/** Memory resident now, in bytes, descendants included (shared pages count twice). */
export function rssBytes(pid: number): number {
  const kilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0)
  return children(pid).reduce((sum, child) => sum + rssBytes(child), kilobytes * 1024)
}

function threadMicros(pid: number, thread: string): number {
  const precise = read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0]
  if (precise) return Number(precise) / 1_000
  // Fields 14 and 15; the name before them may hold spaces, and ends at the last parenthesis.
  const stat = read(`/proc/${pid}/task/${thread}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10_000
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

function children(pid: number): number[] {
  return threads(pid)
    .flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' '))
    .filter((text) => text.trim() !== '')
    .map(Number)
}

/** A process or thread may end while it is looked at: then it has nothing to say. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
