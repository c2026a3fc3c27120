import { type Due, Heap } from './heap.ts'
import { type LogEntry, parseLogLine } from './log-line.ts'

/** A request of a log. Its time counts from the first request. */
export interface LoggedRequest {
  readonly atMs: number
  readonly workMs: number
  readonly key: string
}

/** Lines that were left out. */
export interface LogFaults {
  /** Lines read, empty ones not counted. */
  readonly lines: number
  readonly unreadable: number
  readonly withoutDuration: number
  /** Requests that came out of order by more than the reader holds back; they come a little late. */
  readonly late: number
  /** The numbers of the first lines that were left out, from 1. */
  readonly firstBad: readonly number[]
}

/** Turns the lines of a log into requests, in the order of their arrival. */
export interface LogReader {
  /** Takes the next line. @returns the requests that are now known to be next, often none. */
  take(line: string): readonly LoggedRequest[]
  /** There are no more lines. @returns the requests that were held back. */
  end(): readonly LoggedRequest[]
  readonly faults: LogFaults
}

/** Requests held back to put them in order: a line is written when its answer has ended. */
const heldMax = 20_000
/** Lines of one second that are spread over it. */
const secondMax = 100_000
const firstBadMax = 5

/**
 * Reads an access log, in bounded memory however long it is.
 *
 * Stamps of whole seconds are spread evenly over their second, and stamps of an end are moved back by the
 * duration.
 *
 * @param by what the key of a request is.
 */
export function createLogReader(by: 'client' | 'path' = 'client'): LogReader {
  const faults = { lines: 0, unreadable: 0, withoutDuration: 0, late: 0, firstBad: [] as number[] }
  const held = new Heap<Held>()
  let second: LogEntry[] = []
  let number = 0
  let firstMs: number | undefined
  let lastMs = Number.NEGATIVE_INFINITY

  const hold = (entry: LogEntry, atMs: number): void => {
    const startMs = entry.at === 'start' ? atMs : atMs - entry.durationMs
    held.set({ due: 0, serial: 0, place: -1, entry }, startMs)
  }
  const spread = (): void => {
    const stepMs = (second[0]?.stepMs ?? 0) / second.length
    for (const [index, entry] of second.entries()) hold(entry, entry.atMs + (index + 0.5) * stepMs)
    second = []
  }
  const releaseAbove = (size: number): LoggedRequest[] => {
    const released: LoggedRequest[] = []
    while (held.size > size) {
      const next = held.first!
      held.delete(next)
      if (next.due < lastMs) faults.late++
      lastMs = Math.max(lastMs, next.due)
      firstMs ??= lastMs
      const { durationMs: workMs, [by]: key } = next.entry
      released.push({ atMs: lastMs - firstMs, workMs, key })
    }
    return released
  }

  return {
    faults,
    take(line) {
      number++
      if (line.trim() === '') return []
      faults.lines++
      const entry = parseLogLine(line)
      if (typeof entry === 'string') {
        faults[entry === 'unreadable' ? 'unreadable' : 'withoutDuration']++
        if (faults.firstBad.length < firstBadMax) faults.firstBad.push(number)
        return []
      }
      const isOther = second.length > 0 && second[0]!.atMs !== entry.atMs
      if (isOther || second.length >= secondMax) spread()
      if (entry.stepMs > 1) second.push(entry)
      else hold(entry, entry.atMs)
      return releaseAbove(heldMax)
    },
    end() {
      spread()
      return releaseAbove(0)
    },
  }
}

interface Held extends Due {
  readonly entry: LogEntry
}
